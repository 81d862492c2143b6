import { roundMs } from '../../records/round-ms.js';
import type { OtlpSpan } from './otlp-model.js';

const NANOSECONDS_PER_MS = 1_000_000;

/** Start and duration of a span in milliseconds. */
export function timeOf({ start, end = start }: OtlpSpan) {
  return {
    startedAt: millisecondsOf(start),
    // A span that ends before it begins ran while the clock was set back.
    duration_ms: end < start ? 0 : millisecondsOf(end - start),
  };
}

/** Nanoseconds as milliseconds with up to three decimals. */
export function millisecondsOf(nanos: bigint): number {
  return roundMs(Number(nanos) / NANOSECONDS_PER_MS);
}
