import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { permalinkOf } from '../model/address.js';
import { durationText } from '../../duration-text.js';
import type { WaterfallRow } from '../../waterfall/waterfall.js';
import { sessionClass } from '../parts/session-class.js';
import { visibleLines, visibleText } from '../text/visible-text.js';
import { PropertyList, type Property } from './property-list.js';
import { fieldProperties } from './field-properties.js';
import { share } from './time-axis.js';

const MAX_DEPTH = 8;
// A narrower gap looks like the edge of a bar.
const LEAST_GAP = 0.005;

interface SpanRowProps {
  readonly row: WaterfallRow;
  readonly totalMs: number;
  /** Whether this is the request that is open. */
  readonly isOpened: boolean;
  /** Whether the row shows the name of its service. */
  readonly hasService: boolean;
}

/** One span of the waterfall: its name, and its bar on the time axis. */
export function SpanRow({ row, totalMs, isOpened, hasService }: SpanRowProps): JSX.Element {
  const [isOpen, setIsOpen] = useState(false);
  const { name, durationMs, isFailed, count, request } = row;
  return (
    <li
      class={request === undefined ? 'span' : `span ${sessionClass(request.session)}`}
      data-kind={row.kind}
      data-failed={isFailed || undefined}
    >
      <div class="span-name" style={{ paddingLeft: `${Math.min(row.depth, MAX_DEPTH) * 11}px` }}>
        <button
          type="button"
          class="span-toggle"
          aria-expanded={isOpen}
          title={visibleText(name)}
          onClick={() => setIsOpen(!isOpen)}
        >
          {visibleText(name)}
        </button>
        {count !== undefined && <span class="repeat-count">×{count.toLocaleString('en')}</span>}
        {isFailed && <span class="failed">failed</span>}
        {hasService && <span class="service">{visibleText(row.service)}</span>}
        {request !== undefined && !isOpened && (
          <a class="span-open" href={permalinkOf(request.record.spanId)}>
            open<span class="visually-hidden"> {visibleText(name)}</span>
          </a>
        )}
      </div>
      <Bar row={row} totalMs={totalMs} />
      <span class="span-duration">
        {durationMs === undefined ? 'not ended' : durationText(durationMs)}
      </span>
      {isOpen && <SpanProperties row={row} />}
    </li>
  );
}

function Bar({
  row,
  totalMs,
}: {
  readonly row: WaterfallRow;
  readonly totalMs: number;
}): JSX.Element {
  const restMs = Math.max(0, totalMs - row.offsetMs);
  // The sum of siblings that overlapped may be longer than the request.
  const durationMs = Math.min(row.durationMs ?? restMs, restMs);
  const gaps = row.selfGaps.filter((gap) => gap.durationMs > totalMs * LEAST_GAP);
  return (
    <div class="track" aria-hidden="true">
      <div
        class="bar"
        data-running={row.durationMs === undefined || undefined}
        style={{ left: share(row.offsetMs, totalMs), width: share(durationMs, totalMs) }}
      />
      {gaps.map((gap) => (
        <div
          key={gap.offsetMs}
          class="self-gap"
          title={`${durationText(gap.durationMs)} in which none of its spans ran`}
          style={{ left: share(gap.offsetMs, totalMs), width: share(gap.durationMs, totalMs) }}
        />
      ))}
    </div>
  );
}

function SpanProperties({ row }: { readonly row: WaterfallRow }): JSX.Element {
  const { span, request } = row;
  const properties: readonly Property[] = [
    { name: 'starts at', value: durationText(row.offsetMs) },
    { name: 'service', value: row.service },
    { name: 'kind', value: span?.kind },
    { name: 'span id', value: span?.spanId ?? request?.record.spanId, isId: true },
    ...fieldProperties(span?.attributes),
  ];
  return (
    <div class="span-facts">
      <PropertyList properties={properties} />
      {span?.error !== undefined && (
        <pre class="stack-trace" tabIndex={0}>
          {visibleLines(span.error)}
        </pre>
      )}
    </div>
  );
}
