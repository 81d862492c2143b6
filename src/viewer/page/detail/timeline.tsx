import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { ViewedLine, ViewedRequest } from '../../store/viewed-records.js';
import { durationText } from '../../duration-text.js';
import { criticalPath, criticalPathText } from '../../waterfall/critical-path.js';
import type { Waterfall, WaterfallRow } from '../../waterfall/waterfall.js';
import { sessionClass } from '../parts/session-class.js';
import { visibleText } from '../text/visible-text.js';
import { SpanGrid } from './span-grid.js';
import { gridStep, TimeAxis } from './time-axis.js';
import { TimelineLine } from './timeline-line.js';
import { useMore } from './use-more.js';
import { useZoom, type Zoom } from './use-zoom.js';

interface TimelineProps {
  readonly waterfall: Waterfall;
  readonly request: ViewedRequest;
  readonly marked: ViewedLine | undefined;
  /** A row that is to be seen with its details; a new object each time. */
  readonly show: { readonly row: WaterfallRow } | undefined;
}

/** The whole trace on one time axis: its spans, and below them its lines. */
export function Timeline({ waterfall, request, marked, show }: TimelineProps): JSX.Element {
  const { rows, lines, durationMs, services } = waterfall;
  const path = useMemo(() => criticalPath(waterfall), [waterfall]);
  const zoom = useZoom(durationMs);
  const { stretch } = zoom;
  const inside = zoom.isZoomed
    ? lines.filter(
        ({ line, offsetMs }) =>
          line === marked || (offsetMs >= stretch.from && offsetMs <= stretch.to),
      )
    : lines;
  // The line that was clicked is rendered in any case.
  const written = useMore(inside, inside.findIndex(({ line }) => line === marked) + 1);
  return (
    <div
      class={`timeline ${sessionClass(request.session)}`}
      style={{ '--grid-step': gridStep(stretch) }}
      {...zoom.pointer}
    >
      <div class="timeline-title">
        <h3>Timeline</h3>
        <ZoomButtons zoom={zoom} />
      </div>
      <p class="critical-path">
        <span class="critical-sample" aria-hidden="true" />
        Critical path: {visibleText(criticalPathText(path))}
      </p>
      <div class="timeline-head">
        <span />
        <TimeAxis stretch={stretch} selected={zoom.selected} />
        <span class="span-duration">{durationText(stretch.to - stretch.from)}</span>
      </div>
      <SpanGrid waterfall={waterfall} request={request} path={path} zoom={zoom} show={show} />
      {rows.some(({ selfGaps }) => selfGaps.length > 0) && (
        <p class="self-gap-note">
          <span class="self-gap-sample" aria-hidden="true" />
          no span inside it ran
        </p>
      )}
      <h3>Log lines</h3>
      {lines.length === 0 && <p class="hint">This request wrote no log lines.</p>}
      {inside.length < lines.length && (
        <p class="hint">
          {inside.length} of {lines.length.toLocaleString('en')} were written in this stretch.
        </p>
      )}
      {inside.length > 0 && (
        <ol role="list" aria-label="Lines of this request" class="timeline-lines">
          {written.shown.map(({ line, offsetMs }) => (
            <TimelineLine
              key={line.n}
              line={line}
              offsetMs={offsetMs}
              stretch={stretch}
              hasService={services.length > 1}
              isMarked={line === marked}
            />
          ))}
        </ol>
      )}
      {written.more}
    </div>
  );
}

function ZoomButtons({ zoom }: { readonly zoom: Zoom }): JSX.Element {
  return (
    <div class="zoom" role="group" aria-label="Zoom">
      {zoom.isZoomed && (
        <button type="button" class="button" onClick={zoom.reset}>
          Reset zoom
        </button>
      )}
      <button type="button" class="icon-button" aria-label="Zoom out" onClick={() => zoom.by(2)}>
        −
      </button>
      <button type="button" class="icon-button" aria-label="Zoom in" onClick={() => zoom.by(0.5)}>
        +
      </button>
    </div>
  );
}
