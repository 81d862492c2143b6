import type { HrTime } from '@opentelemetry/api';

const NANOSECONDS = 1_000_000;

/** Converts milliseconds, of a time or of a duration, to seconds and nanoseconds. */
export function hrTime(milliseconds: number): HrTime {
  const seconds = Math.trunc(milliseconds / 1000);
  return [seconds, Math.round((milliseconds - seconds * 1000) * NANOSECONDS)];
}
