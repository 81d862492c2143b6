import type { JSX } from 'preact';
import { durationText } from '../../duration-text.js';
import { titleOf } from '../../request-title.js';
import type { Session } from '../../store/viewed-records.js';
import type { TraceSummary } from '../../summary/trace-summary.js';
import type { ViewRequest } from '../../view-records.js';
import { memo } from '../lists/memo.js';
import { Icon } from '../parts/icon.js';
import { sessionClass } from '../parts/session-class.js';
import { StatusBadge } from '../parts/status-badge.js';
import { RequestTitle } from '../request-title-link.js';
import { dayTimeText } from '../text/display-text.js';
import { visibleText } from '../text/visible-text.js';

const MAX_SERVICES = 5;

interface TraceRowProps {
  readonly trace: TraceSummary;
  /** Those of its root. */
  readonly record: ViewRequest;
  readonly session: Session | undefined;
  readonly user: string | undefined;
  readonly words: readonly string[];
  readonly isUnfolded: boolean;
  readonly isPointedAt: boolean;
  readonly isHighlighted: boolean;
  readonly isDimmed: boolean;
  readonly isOpen: boolean;
  readonly tabIndex: 0 | -1;
  onToggle(w3cTraceId: string): void;
}

/** A trace by the request that began it. */
export const TraceRow = memo(function TraceRow(props: TraceRowProps): JSX.Element {
  const { trace, record, isUnfolded } = props;
  const { requests, services, failed, durationMs } = trace;
  const others = services.length - MAX_SERVICES;
  return (
    <div
      class={`request trace ${sessionClass(props.session)}`}
      data-pointed-at={props.isPointedAt || undefined}
      data-highlighted={props.isHighlighted || undefined}
      data-dimmed={props.isDimmed || undefined}
      data-open={props.isOpen || undefined}
    >
      <button
        type="button"
        class="fold"
        tabIndex={props.tabIndex}
        aria-expanded={isUnfolded}
        aria-label={`Requests of ${visibleText(titleOf(record))}`}
        onClick={() => props.onToggle(trace.w3cTraceId)}
      >
        <Icon name={isUnfolded ? 'down' : 'right'} />
      </button>
      <div class="request-row">
        <RequestTitle {...props} />
        <p class="request-end">
          {failed > 0 && <span class="failed">{failed === 1 ? 'failed' : `${failed} failed`}</span>}
          <span class="duration">
            {durationMs === undefined ? 'running' : durationText(durationMs)}
          </span>
          <StatusBadge record={record} />
        </p>
      </div>
      <div class="request-row">
        <p class="request-ids">
          <span>
            {requests.length === 1
              ? '1 request'
              : `${requests.length.toLocaleString('en')} requests`}
          </span>
          <time>{dayTimeText(trace.startedAt)}</time>
          <span class="service">
            {visibleText(services.slice(0, MAX_SERVICES).join(', '))}
            {others > 0 && ` and ${others} more`}
          </span>
        </p>
      </div>
    </div>
  );
});
