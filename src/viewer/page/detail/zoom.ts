/** The stretch of the time axis that is shown, in milliseconds from its begin. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Further in, there would be nothing to see. */
const LEAST_MS = 0.001;

/** The stretch from one place to another, as far as it is on the axis; the whole axis for none. */
export function stretchOf(from: number, to: number, totalMs: number): Stretch | undefined {
  const length = Math.min(totalMs, Math.max(LEAST_MS, Math.abs(to - from)));
  const start = Math.min(Math.max(0, Math.min(from, to)), totalMs - length);
  return length >= totalMs ? undefined : { from: start, to: start + length };
}

/** A part of it around a place, or more than it: `factor` times as long. */
export function zoomed(
  { from, to }: Stretch,
  factor: number,
  totalMs: number,
  around = (from + to) / 2,
): Stretch | undefined {
  const half = ((to - from) * factor) / 2;
  return stretchOf(around - half, around + half, totalMs);
}

/** The same length, a part of it further on. */
export function moved({ from, to }: Stretch, part: number, totalMs: number): Stretch | undefined {
  const start = Math.min(Math.max(0, from + (to - from) * part), totalMs - (to - from));
  return stretchOf(start, start + to - from, totalMs);
}

/** Where something is in a stretch, as styles; `undefined` where it is outside of it. */
export function placeOf(
  from: number,
  to: number,
  stretch: Stretch,
): { readonly left: string; readonly width: string } | undefined {
  if (to < stretch.from || from > stretch.to) return undefined;
  const left = partOf(from, stretch);
  return { left: percent(left), width: percent(partOf(to, stretch) - left) };
}

export function percent(part: number): string {
  return `${(part * 100).toFixed(3)}%`;
}

/** A place as a part of a stretch, 0 to 1. */
function partOf(ms: number, { from, to }: Stretch): number {
  return to > from ? Math.max(0, Math.min(1, (ms - from) / (to - from))) : 0;
}
