import type { JSX } from 'preact';
import type { ViewRequest } from '../view-records.js';
import { memo } from './lists/memo.js';
import type { Session } from '../store/viewed-records.js';
import { durationText } from '../duration-text.js';
import { dayTimeText, sessionLabel } from './text/display-text.js';
import { sessionClass } from './parts/session-class.js';
import { OutcomeWord, StatusBadge } from './parts/status-badge.js';
import { RequestTitle } from './request-title-link.js';
import { HighlightedText } from './text/highlighted-text.js';
import { isSlow } from '../request-outcome.js';
import { shortId } from './text/short-id.js';
import { visibleText } from './text/visible-text.js';

interface RequestRowProps {
  readonly record: ViewRequest;
  readonly session: Session | undefined;
  /** The name of its user. */
  readonly user: string | undefined;
  /** What is marked in texts. */
  readonly words: readonly string[];
  readonly slowMs: number;
  /** Whether the row shows the name of its service. */
  readonly hasService: boolean;
  /** Whether it is below the row of its trace. */
  readonly isInner?: boolean;
  /** Whether it is the one from which arrows lead to the lines. */
  readonly isPointedAt: boolean;
  readonly isHighlighted: boolean;
  readonly isDimmed: boolean;
  readonly isOpen: boolean;
  readonly tabIndex: 0 | -1;
}

/** Pixels. */
export const REQUEST_ROW_HEIGHT = 64;

/** One row of the list of requests. Its stripe has the colour of the session. */
export const RequestRow = memo(function RequestRow(props: RequestRowProps): JSX.Element {
  const { record, session, words, slowMs } = props;
  const { requestId, sessionId, duration_ms: durationMs } = record;
  return (
    <div
      class={`request ${sessionClass(session)}`}
      data-inner={props.isInner || undefined}
      data-pointed-at={props.isPointedAt || undefined}
      data-highlighted={props.isHighlighted || undefined}
      data-dimmed={props.isDimmed || undefined}
      data-open={props.isOpen || undefined}
    >
      <div class="request-row">
        <RequestTitle {...props} />
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
                <HighlightedText text={sessionLabel(sessionId)} words={words} />
              </b>
            </span>
          )}
          {requestId !== undefined && (
            <span class="request-id">
              <i>request</i>{' '}
              <b>
                <HighlightedText text={shortId(requestId)} words={words} />
              </b>
            </span>
          )}
          <time>{dayTimeText(record.startedAt)}</time>
          {props.hasService && <span class="service">{visibleText(record.service)}</span>}
        </p>
        <p class="request-outcome">
          <OutcomeWord record={record} />
        </p>
      </div>
    </div>
  );
});
