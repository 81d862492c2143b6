import type { ComponentChildren, JSX } from 'preact';
import { useCallback, useMemo, useState } from 'preact/hooks';
import type { ViewStore } from '../../store/view-store.js';
import type { ViewedRequest } from '../../store/viewed-records.js';
import type { Hovered } from '../hooks/use-hovered.js';
import { useSampled } from '../hooks/use-sampled.js';
import type { Numbered } from '../lists/row-window.js';
import { VirtualList } from '../lists/virtual-list.js';
import { RequestRow, REQUEST_ROW_HEIGHT } from '../request-row.js';
import { traceItems, tracesOf, type TraceItem } from './trace-items.js';
import { TraceRow } from './trace-row.js';

/** Beyond so many, those that were unfolded first are folded again. */
const MAX_UNFOLDED = 500;

export interface RequestListProps {
  /** Those that the search and the filters let through. */
  readonly requests: readonly ViewedRequest[];
  /** That of the store. */
  readonly version: number;
  readonly hovered: Hovered;
  readonly open: ViewedRequest | undefined;
  /** What is marked in texts. */
  readonly words: readonly string[];
  readonly slowMs: number;
  readonly hasService: boolean;
  /** How the list is sorted; `undefined` for the order in which the requests began. */
  readonly sort: string | undefined;
  readonly isFollowing: boolean;
  readonly focus: Numbered | undefined;
  readonly empty: string;
  readonly isHidden: boolean;
  onScrollAway(): void;
  onHover(request: ViewedRequest | undefined): void;
  /** Above the list, with the number of its rows. */
  head(count: number): ComponentChildren;
}

/** The view of traces: a row for each, which can be unfolded to show its requests. */
export function TracePanel(props: RequestListProps & { readonly store: ViewStore }): JSX.Element {
  const { store, requests, hovered, sort } = props;
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set());
  const traces = useSampled(() => tracesOf(store.requests, requests, sort), sort, [
    store.version,
    requests,
  ]);
  const items = useMemo(() => traceItems(traces, unfolded), [traces, unfolded]);
  const rowsOf = (wanted: readonly Numbered[] | undefined): readonly TraceItem[] | undefined =>
    wanted && items.filter((item) => wanted.some(({ n }) => isIn(item, n)));
  const reveal = useMemo(() => rowsOf(hovered.revealRequests), [hovered.revealRequests]);
  const focus = useMemo(
    () => props.focus && { n: rowsOf([props.focus])!.at(-1)?.n ?? 0 },
    [props.focus],
  );

  const toggle = useCallback((id: string): void => {
    setUnfolded((now) => {
      const next = new Set(now);
      if (!next.delete(id)) next.add(id);
      return new Set([...next].slice(-MAX_UNFOLDED));
    });
  }, []);

  return (
    <section class="panel requests" aria-label="Traces" hidden={props.isHidden}>
      <header class="panel-head">{props.head(traces.length)}</header>
      <VirtualList
        label="Traces"
        class="request-list"
        items={items}
        rowHeight={REQUEST_ROW_HEIGHT}
        isFollowing={props.isFollowing}
        followedEnd={sort === undefined ? 'last' : 'first'}
        onScrollAway={props.onScrollAway}
        onHover={(item) => props.onHover(item && (item.request ?? item.trace.root))}
        reveal={reveal}
        focus={focus}
        empty={props.empty}
        row={({ trace, request }, { tabIndex }) => {
          const { record, session } = request ?? trace.root;
          const common = {
            record,
            session,
            user: session?.user,
            words: props.words,
            tabIndex,
            isHighlighted: hovered.requests.has(request ?? trace.root),
            isDimmed: hovered.line !== undefined && !hovered.requests.has(request ?? trace.root),
          };
          return request === undefined ? (
            <TraceRow
              {...common}
              trace={trace}
              isPointedAt={
                hovered.request !== undefined && trace.requests.includes(hovered.request)
              }
              isUnfolded={unfolded.has(trace.w3cTraceId)}
              isOpen={props.open !== undefined && trace.requests.includes(props.open)}
              onToggle={toggle}
            />
          ) : (
            <RequestRow
              {...common}
              slowMs={props.slowMs}
              hasService={props.hasService}
              isInner
              isPointedAt={request === hovered.request}
              isOpen={request === props.open}
            />
          );
        }}
      />
    </section>
  );
}

function isIn({ request, trace }: TraceItem, n: number): boolean {
  return request === undefined ? trace.requests.some((one) => one.n === n) : request.n === n;
}
