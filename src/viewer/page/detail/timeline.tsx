import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ViewedLine, ViewedRequest } from '../../store/viewed-records.js';
import { durationText } from '../../duration-text.js';
import type { Waterfall } from '../../waterfall/waterfall.js';
import { sessionClass } from '../parts/session-class.js';
import { SpanRow } from './span-row.js';
import { gridStep, TimeAxis } from './time-axis.js';
import { TimelineLine } from './timeline-line.js';

// Rows that are rendered at first: with more, opening a request would be slow.
const AT_ONCE = 200;

interface TimelineProps {
  readonly waterfall: Waterfall;
  readonly request: ViewedRequest;
  readonly marked: ViewedLine | undefined;
}

/** The whole trace on one time axis: its spans, and below them its lines. */
export function Timeline({ waterfall, request, marked }: TimelineProps): JSX.Element {
  const { rows, lines, durationMs, services } = waterfall;
  const hasService = services.length > 1;
  const spans = useMore(rows);
  // The line that was clicked is rendered in any case.
  const written = useMore(lines, lines.findIndex(({ line }) => line === marked) + 1);
  return (
    <div
      class={`timeline ${sessionClass(request.session)}`}
      style={{ '--grid-step': gridStep(durationMs) }}
    >
      <div class="timeline-head">
        <h3>Timeline</h3>
        <TimeAxis durationMs={durationMs} />
        <span class="span-duration">{durationText(durationMs)}</span>
      </div>
      <ol role="list" aria-label="Spans" class="spans">
        {spans.shown.map((row, index) => (
          <SpanRow
            key={row.span?.spanId ?? row.request?.n ?? index}
            row={row}
            totalMs={durationMs}
            isOpened={row.request === request}
            hasService={hasService && row.service !== rows[index - 1]?.service}
          />
        ))}
      </ol>
      {spans.more}
      {rows.some(({ selfGaps }) => selfGaps.length > 0) && (
        <p class="self-gap-note">
          <span class="self-gap-sample" aria-hidden="true" />
          no span inside it ran
        </p>
      )}
      <h3>Log lines</h3>
      {lines.length === 0 && <p class="hint">This request has written no lines.</p>}
      {lines.length > 0 && (
        <ol role="list" aria-label="Lines of this request" class="timeline-lines">
          {written.shown.map(({ line, offsetMs }) => (
            <TimelineLine
              key={line.n}
              line={line}
              offsetMs={offsetMs}
              totalMs={durationMs}
              hasService={hasService}
              isMarked={line === marked}
            />
          ))}
        </ol>
      )}
      {written.more}
    </div>
  );
}

/** The first of many rows, and a button that shows more of them. */
function useMore<T>(
  all: readonly T[],
  least = 0,
): { shown: readonly T[]; more: JSX.Element | null } {
  const [limit, setLimit] = useState(AT_ONCE);
  const count = Math.max(limit, least);
  const left = all.length - count;
  return {
    shown: all.slice(0, count),
    more:
      left <= 0 ? null : (
        <button type="button" class="button more" onClick={() => setLimit(count + AT_ONCE)}>
          Show {Math.min(left, AT_ONCE)} more of {left.toLocaleString('en')}
        </button>
      ),
  };
}
