import type { ComponentChildren, JSX } from 'preact';
import type { Hovered } from './hooks/use-hovered.js';
import type { Numbered } from './lists/row-window.js';
import { VirtualList } from './lists/virtual-list.js';
import type { ViewedRequest } from '../store/viewed-records.js';
import { RequestRow } from './request-row.js';

const ROW_HEIGHT = 64;

interface RequestPanelProps {
  readonly requests: readonly ViewedRequest[];
  /** Above the list. */
  readonly head: ComponentChildren;
  readonly hovered: Hovered;
  readonly open: ViewedRequest | undefined;
  readonly query: string;
  readonly slowMs: number;
  readonly hasService: boolean;
  readonly isFollowing: boolean;
  readonly focus: Numbered | undefined;
  readonly empty: string;
  readonly isHidden: boolean;
  onScrollUp(): void;
  onHover(request: ViewedRequest | undefined): void;
}

/** The list of requests, on the left, in the order in which they began. */
export function RequestPanel(props: RequestPanelProps): JSX.Element {
  const { hovered } = props;
  return (
    <section class="panel requests" aria-label="Requests" hidden={props.isHidden}>
      <header class="panel-head">{props.head}</header>
      <VirtualList
        label="Requests"
        class="request-list"
        items={props.requests}
        rowHeight={ROW_HEIGHT}
        isFollowing={props.isFollowing}
        onScrollUp={props.onScrollUp}
        onHover={props.onHover}
        reveal={hovered.revealRequests}
        focus={props.focus}
        empty={props.empty}
        row={(request, { tabIndex }) => (
          <RequestRow
            record={request.record}
            session={request.session}
            query={props.query}
            slowMs={props.slowMs}
            hasService={props.hasService}
            isHighlighted={request === hovered.request}
            isDimmed={hovered.line !== undefined && request !== hovered.request}
            isOpen={request === props.open}
            tabIndex={tabIndex}
          />
        )}
      />
    </section>
  );
}
