import type { JSX } from 'preact';
import type { ViewRequest } from '../view-records.js';
import { permalinkOf } from './model/address.js';
import { memo } from './lists/memo.js';
import type { Session } from '../store/viewed-records.js';
import { durationText } from '../duration-text.js';
import { sessionLabel, timeText } from './text/display-text.js';
import { titleOf } from '../request-title.js';
import { sessionClass } from './parts/session-class.js';
import { OutcomeWord, StatusBadge } from './parts/status-badge.js';
import { HighlightedText } from './text/highlighted-text.js';
import { isSlow } from '../request-outcome.js';
import { shortId } from './text/short-id.js';
import { visibleText } from './text/visible-text.js';

interface RequestRowProps {
  readonly record: ViewRequest;
  readonly session: Session | undefined;
  readonly query: string;
  readonly slowMs: number;
  /** Whether the row shows the name of its service. */
  readonly hasService: boolean;
  readonly isHighlighted: boolean;
  readonly isDimmed: boolean;
  readonly isOpen: boolean;
  readonly tabIndex: 0 | -1;
}

/** One row of the list of requests. Its stripe has the colour of the session. */
export const RequestRow = memo(function RequestRow(props: RequestRowProps): JSX.Element {
  const { record, session, query, slowMs } = props;
  const { requestId, sessionId, duration_ms: durationMs } = record;
  return (
    <div
      class={`request ${sessionClass(session)}`}
      data-highlighted={props.isHighlighted || undefined}
      data-dimmed={props.isDimmed || undefined}
      data-open={props.isOpen || undefined}
    >
      <div class="request-row">
        <p class="request-title">
          <a
            href={permalinkOf(record.spanId)}
            tabIndex={props.tabIndex}
            aria-current={props.isOpen ? 'true' : undefined}
            title={visibleText(titleOf(record))}
            data-target
          >
            <Title record={record} query={query} />
          </a>
        </p>
        <p class="request-end">
          {isSlow(record, slowMs) && <span class="slow">slow</span>}
          <span class="duration">{durationMs === undefined ? '' : durationText(durationMs)}</span>
          <StatusBadge record={record} />
        </p>
      </div>
      <div class="request-row">
        <p class="request-ids">
          {sessionId !== undefined && (
            <span class="request-id">
              <i>session</i>{' '}
              <b class="session-text">
                <HighlightedText text={sessionLabel(sessionId)} query={query} />
              </b>
            </span>
          )}
          {requestId !== undefined && (
            <span class="request-id">
              <i>request</i>{' '}
              <b>
                <HighlightedText text={shortId(requestId)} query={query} />
              </b>
            </span>
          )}
          <time>{timeText(record.startedAt)}</time>
          {props.hasService && <span class="service">{visibleText(record.service)}</span>}
        </p>
        <p class="request-outcome">
          <OutcomeWord record={record} />
        </p>
      </div>
    </div>
  );
});

function Title({
  record,
  query,
}: {
  readonly record: ViewRequest;
  readonly query: string;
}): JSX.Element {
  const title = titleOf(record);
  const space = title.indexOf(' ');
  if (space === -1) return <HighlightedText text={title} query={query} />;
  return (
    <>
      <span class="method">{visibleText(title.slice(0, space))}</span>{' '}
      <HighlightedText text={title.slice(space + 1)} query={query} />
    </>
  );
}
