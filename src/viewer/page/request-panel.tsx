import type { JSX } from 'preact';
import { useSampled } from './hooks/use-sampled.js';
import { VirtualList } from './lists/virtual-list.js';
import type { ViewedRequest } from '../store/viewed-records.js';
import { RequestRow, REQUEST_ROW_HEIGHT } from './request-row.js';
import type { RequestListProps } from './views/trace-panel.js';

/** The list of requests, on the left, in the order in which they began unless it is sorted. */
export function RequestPanel(props: RequestListProps): JSX.Element {
  const { hovered } = props;
  const items = useSorted(props);
  return (
    <section class="panel requests" aria-label="Requests" hidden={props.isHidden}>
      <header class="panel-head">{props.head(props.requests.length)}</header>
      <VirtualList
        label="Requests"
        class="request-list"
        items={items}
        rowHeight={REQUEST_ROW_HEIGHT}
        isFollowing={props.isFollowing}
        followedEnd={props.sort === undefined ? 'last' : 'first'}
        onScrollAway={props.onScrollAway}
        onHover={props.onHover}
        reveal={hovered.revealRequests}
        focus={props.focus}
        empty={props.empty}
        row={(request, { tabIndex }) => (
          <RequestRow
            record={request.record}
            session={request.session}
            user={request.session?.user}
            words={props.words}
            slowMs={props.slowMs}
            hasService={props.hasService}
            isPointedAt={request === hovered.request}
            isHighlighted={hovered.requests.has(request)}
            isDimmed={hovered.line !== undefined && !hovered.requests.has(request)}
            isOpen={request === props.open}
            tabIndex={tabIndex}
          />
        )}
      />
    </section>
  );
}

function useSorted({ requests, sort, version }: RequestListProps): readonly ViewedRequest[] {
  const slowest = useSampled(
    () => (sort === 'slowest' ? requests.toSorted(bySlowness) : []),
    sort,
    [requests, version],
  );
  if (sort === 'slowest') return slowest;
  return sort === 'newest' ? requests.toReversed() : requests;
}

function bySlowness(a: ViewedRequest, b: ViewedRequest): number {
  return (b.record.duration_ms ?? 0) - (a.record.duration_ms ?? 0);
}
