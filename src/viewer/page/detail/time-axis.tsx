import type { JSX } from 'preact';
import { durationText } from '../../duration-text.js';
import { ticksOf } from './axis-ticks.js';

const MOST_SHARE = 0.93;

/** The axis that spans and lines share. */
export function TimeAxis({ durationMs }: { readonly durationMs: number }): JSX.Element {
  // A tick at the end would overlap the whole duration, which is shown to its right.
  const ticks = ticksOf(durationMs).filter((tick) => tick <= durationMs * MOST_SHARE);
  return (
    <div class="axis" aria-hidden="true">
      {ticks.map((tick) => (
        <span key={tick} style={{ left: share(tick, durationMs) }}>
          {tick === 0 ? '0' : durationText(tick)}
        </span>
      ))}
    </div>
  );
}

/** A place on the axis, or a length on it, as a part of the whole. */
export function share(ms: number, durationMs: number): string {
  if (durationMs <= 0) return '0%';
  return `${Math.max(0, Math.min(100, (ms / durationMs) * 100)).toFixed(3)}%`;
}

/** How far apart the lines of the grid are. */
export function gridStep(durationMs: number): string {
  return share(ticksOf(durationMs)[1] ?? durationMs, durationMs);
}
