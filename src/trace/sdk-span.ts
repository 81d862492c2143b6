import type { SpanAttributes, SpanKind } from '../records/span-record.js';
import { parseTraceparent } from './traceparent.js';

/** How another tracer names one of its spans. */
export interface ActiveSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
}

/** The caller's span, as a `traceparent` that is valid names it. */
export function callerSpan(traceparent: string | undefined): ActiveSpan | undefined {
  const parsed = traceparent === undefined ? undefined : parseTraceparent(traceparent);
  if (parsed === undefined) return undefined;
  return { traceId: parsed.traceId, spanId: parsed.parentId, traceFlags: parsed.flags };
}

/** What a span of OpenTelemetry's stands for. */
export type SdkSpanKind = SpanKind | 'consumer';

/** A span that an OpenTelemetry SDK made. */
export interface SdkSpan {
  spanContext(): ActiveSpan;
  updateName(name: string): unknown;
  setAttributes(attributes: SpanAttributes): unknown;
  setStatus(status: { code: number; message?: string }): unknown;
  recordException(error: Error | string): void;
  end(): void;
}
