import { roundMs } from '../../records/round-ms.js';
import type { OtlpSpan } from './otlp-data.js';

/** A span that can be shown: which it is and when it began are known. */
export interface PlacedSpan extends OtlpSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly start: bigint;
}

const NANOSECONDS = 1_000_000;

export function placedSpan(service: string, span: OtlpSpan): PlacedSpan | undefined {
  const { traceId, spanId, start } = span;
  if (traceId === undefined || spanId === undefined || start === undefined) return undefined;
  return { ...span, service, traceId, spanId, start };
}

/** Where and when a span is, as the records have it. */
export function placeOf({
  service,
  traceId,
  spanId,
  parentSpanId,
  start,
  end = start,
}: PlacedSpan) {
  return {
    service,
    w3cTraceId: traceId,
    spanId,
    parentSpanId,
    startedAt: millisecondsOf(start),
    // One that ends before it begins has lived through a change of the clock.
    durationMs: end < start ? 0 : millisecondsOf(end - start),
  };
}

/** Nanoseconds as milliseconds with up to three decimals. */
export function millisecondsOf(nanos: bigint): number {
  return roundMs(Number(nanos) / NANOSECONDS);
}
