import type { JSX } from 'preact';
import type { Pointed } from './hooks/use-pointed.js';
import type { Numbered } from './lists/row-window.js';
import { VirtualList } from './lists/virtual-list.js';
import type { ShownRequest } from './model/shown.js';
import { RequestRow } from './request-row.js';

const ROW_HEIGHT = 64;

interface RequestPanelProps {
  readonly requests: readonly ShownRequest[];
  readonly pointed: Pointed;
  readonly open: ShownRequest | undefined;
  readonly query: string;
  readonly slowMs: number;
  readonly hasService: boolean;
  readonly isFollowing: boolean;
  readonly focus: Numbered | undefined;
  readonly empty: string;
  readonly isHidden: boolean;
  onScrollUp(): void;
  onPoint(request: ShownRequest | undefined): void;
}

/** Left: the requests in the order in which they began. */
export function RequestPanel(props: RequestPanelProps): JSX.Element {
  const { pointed } = props;
  return (
    <section class="panel requests" aria-labelledby="requests-title" hidden={props.isHidden}>
      <header class="panel-head">
        <h2 id="requests-title">Requests</h2>
        <span class="count">{props.requests.length.toLocaleString('en')}</span>
      </header>
      <VirtualList
        label="Requests"
        class="request-list"
        items={props.requests}
        rowHeight={ROW_HEIGHT}
        isFollowing={props.isFollowing}
        onScrollUp={props.onScrollUp}
        onPoint={props.onPoint}
        reveal={pointed.revealRequests}
        focus={props.focus}
        empty={props.empty}
        row={(request, { tabIndex }) => (
          <RequestRow
            record={request.record}
            session={request.session}
            query={props.query}
            slowMs={props.slowMs}
            hasService={props.hasService}
            isLit={request === pointed.request}
            isDim={pointed.line !== undefined && request !== pointed.request}
            isOpen={request === props.open}
            tabIndex={tabIndex}
          />
        )}
      />
    </section>
  );
}
