import type { JSX } from 'preact';
import { durationText } from '../../duration-text.js';
import { ticksOf } from './axis-ticks.js';
import { percent, placeOf, type Stretch } from './zoom.js';

const MOST_SHARE = 0.9;

interface TimeAxisProps {
  readonly stretch: Stretch;
  /** What is being selected on it. */
  readonly selected: Stretch | undefined;
}

/** The axis that spans and lines share. */
export function TimeAxis({ stretch, selected }: TimeAxisProps): JSX.Element {
  const { from, to } = stretch;
  const durationMs = to - from;
  // A tick at the end would overlap the whole duration, which is shown to its right.
  const ticks = ticksOf(durationMs).filter((tick) => tick <= durationMs * MOST_SHARE);
  const start = from === 0 ? '0' : durationText(from);
  return (
    <div class="axis" aria-hidden="true" title="Drag to zoom in">
      {ticks.map((tick) => (
        <span key={tick} style={{ left: percent(tick / durationMs) }}>
          {tick === 0 ? start : `${from === 0 ? '' : '+'}${durationText(tick)}`}
        </span>
      ))}
      {selected !== undefined && (
        <div class="axis-selected" style={placeOf(selected.from, selected.to, stretch)} />
      )}
    </div>
  );
}

/** How far apart the lines of the grid are. */
export function gridStep({ from, to }: Stretch): string {
  const durationMs = to - from;
  return durationMs > 0 ? percent((ticksOf(durationMs)[1] ?? durationMs) / durationMs) : '100%';
}
