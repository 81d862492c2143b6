const MOST_TICKS = 6;

/** Round places on a time axis, milliseconds: at most six steps of 1, 2 or 5 times a power of ten. */
export function ticksOf(durationMs: number): readonly number[] {
  const step = stepOf(durationMs);
  const count = Math.floor(durationMs / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}

function stepOf(durationMs: number): number {
  const least = Math.max(durationMs, 1e-3) / MOST_TICKS;
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((factor) => factor * power >= least) ?? 10);
}
