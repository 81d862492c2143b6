import type { JSX } from 'preact';
import { permalinkOf } from '../model/address.js';
import { durationText } from '../../duration-text.js';
import type { CriticalSegment } from '../../waterfall/critical-path.js';
import type { VisibleRow } from '../../waterfall/visible-rows.js';
import type { WaterfallRow } from '../../waterfall/waterfall.js';
import { sessionClass } from '../parts/session-class.js';
import { visibleLines, visibleText } from '../text/visible-text.js';
import { PropertyList, type Property } from './property-list.js';
import { fieldProperties } from './field-properties.js';
import { placeOf, type Stretch } from './zoom.js';

const MAX_DEPTH = 10;
// A narrower gap looks like the edge of a bar.
const LEAST_GAP = 0.005;

interface SpanRowProps extends VisibleRow {
  readonly stretch: Stretch;
  readonly totalMs: number;
  /** When the trace waited for it. */
  readonly critical: readonly CriticalSegment[];
  /** Whether its details are shown. */
  readonly isOpen: boolean;
  /** Whether this is the request that is open. */
  readonly isOpened: boolean;
  /** Whether the row shows the name of its service. */
  readonly hasService: boolean;
  readonly tabIndex: 0 | -1;
  onOpen(): void;
  onCollapse(): void;
  onFocus(): void;
  onZoom(): void;
}

/** One span of the waterfall: its name, and its bar on the time axis. */
export function SpanRow(props: SpanRowProps): JSX.Element {
  const { row, inside, isCollapsed, isOpen, critical } = props;
  const { durationMs, isFailed, count, request } = row;
  const name = visibleText(row.name);
  return (
    <div
      role="row"
      class={request === undefined ? 'span' : `span ${sessionClass(request.session)}`}
      aria-level={row.depth + 1}
      aria-expanded={inside > 0 ? !isCollapsed : undefined}
      tabIndex={props.tabIndex}
      data-kind={row.kind}
      data-failed={isFailed || undefined}
      onClick={({ target }) =>
        (target as Element).closest('button, a, .span-facts') ?? props.onOpen()
      }
      onFocus={props.onFocus}
    >
      <div
        role="rowheader"
        class="span-name"
        style={{ paddingLeft: `${Math.min(row.depth, MAX_DEPTH) * 11}px` }}
      >
        {inside > 0 ? (
          <button
            type="button"
            class="span-triangle"
            tabIndex={-1}
            aria-label={`${isCollapsed ? 'Expand' : 'Collapse'} ${name}`}
            onClick={props.onCollapse}
          />
        ) : (
          <span class="span-triangle" />
        )}
        <button
          type="button"
          class="span-toggle"
          tabIndex={-1}
          aria-expanded={isOpen}
          title={name}
          onClick={props.onOpen}
        >
          {name}
        </button>
        {isCollapsed && <span class="repeat-count">+{inside.toLocaleString('en')}</span>}
        {count !== undefined && <span class="repeat-count">×{count.toLocaleString('en')}</span>}
        {isFailed && <span class="failed">failed</span>}
        {critical.length > 0 && <span class="visually-hidden">on the critical path</span>}
        {(props.hasService || (request !== undefined && !props.isOpened)) && (
          <span class="span-second">
            {props.hasService && <span class="service">{visibleText(row.service)}</span>}{' '}
            {request !== undefined && !props.isOpened && (
              <a class="span-open" href={location.pathname + permalinkOf(request.record.spanId)}>
                open<span class="visually-hidden"> {name}</span>
              </a>
            )}
          </span>
        )}
      </div>
      <Bar {...props} />
      <span role="gridcell" class="span-duration" title={`${durationText(row.selfMs)} by itself`}>
        {durationMs === undefined ? 'not ended' : durationText(durationMs)}
      </span>
      {isOpen && <SpanDetails row={row} onZoom={props.onZoom} />}
    </div>
  );
}

function Bar({ row, totalMs, stretch, critical }: SpanRowProps): JSX.Element {
  const restMs = Math.max(0, totalMs - row.offsetMs);
  // The sum of siblings that overlapped may be longer than the request.
  const durationMs = Math.min(row.durationMs ?? restMs, restMs);
  const place = placeOf(row.offsetMs, row.offsetMs + durationMs, stretch);
  const least = (stretch.to - stretch.from) * LEAST_GAP;
  const placed = (
    stretches: readonly { readonly offsetMs: number; readonly durationMs: number }[],
    element: (text: string, style: ReturnType<typeof placeOf>, key: number) => JSX.Element,
  ): (JSX.Element | undefined)[] =>
    stretches.map((one) => {
      const style = placeOf(one.offsetMs, one.offsetMs + one.durationMs, stretch);
      return style && element(durationText(one.durationMs), style, one.offsetMs);
    });
  return (
    <div class="track" role="gridcell">
      {place !== undefined && (
        <div class="bar" data-running={row.durationMs === undefined || undefined} style={place} />
      )}
      {placed(
        row.selfGaps.filter((gap) => gap.durationMs > least),
        (text, style, key) => (
          <div
            key={key}
            class="self-gap"
            title={`${text} in which none of its spans ran`}
            style={style}
          />
        ),
      )}
      {placed(critical, (text, style, key) => (
        <div key={key} class="critical" title={`${text} on the critical path`} style={style} />
      ))}
    </div>
  );
}

function SpanDetails({ row, onZoom }: { readonly row: WaterfallRow; onZoom(): void }): JSX.Element {
  const { span, request } = row;
  const properties: readonly Property[] = [
    { name: 'starts at', value: durationText(row.offsetMs) },
    { name: 'self time', value: durationText(row.selfMs) },
    { name: 'service', value: row.service },
    { name: 'kind', value: span?.kind },
    { name: 'span id', value: span?.spanId ?? request?.record.spanId, isId: true },
    ...fieldProperties(span?.attributes),
  ];
  return (
    <div role="gridcell" class="span-facts">
      <PropertyList properties={properties} />
      {span?.error !== undefined && (
        <pre class="stack-trace" tabIndex={0}>
          {visibleLines(span.error)}
        </pre>
      )}
      <button type="button" class="button zoom-to" onClick={onZoom}>
        Zoom to this span
      </button>
    </div>
  );
}
