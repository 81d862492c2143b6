import type { HrTime } from '@opentelemetry/api';

const NANOSECONDS = 1_000_000;

/** Milliseconds of `performance.now()` as seconds and nanoseconds since the Unix epoch. */
export function hrTimeOf(monotonicMs: number): HrTime {
  return hrDuration(performance.timeOrigin + monotonicMs);
}

/** Milliseconds as seconds and nanoseconds. */
export function hrDuration(milliseconds: number): HrTime {
  const seconds = Math.trunc(milliseconds / 1000);
  return [seconds, Math.round((milliseconds - seconds * 1000) * NANOSECONDS)];
}
