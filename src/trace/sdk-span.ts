import type { SpanAttributes, SpanKind } from '../records/span-record.js';
import { parseTraceparent } from './traceparent.js';

/** The identity of a span of another tracer. */
export interface ActiveSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
}

/** The caller's span according to a `traceparent`; `undefined` if that is missing or invalid. */
export function callerSpan(traceparent: string | undefined): ActiveSpan | undefined {
  const parsed = traceparent === undefined ? undefined : parseTraceparent(traceparent);
  if (parsed === undefined) return undefined;
  return { traceId: parsed.traceId, spanId: parsed.parentId, traceFlags: parsed.flags };
}

/** The kind of a span in an OpenTelemetry SDK. */
export type SdkSpanKind = SpanKind | 'consumer';

/** A span that was created by an OpenTelemetry SDK. */
export interface SdkSpan {
  spanContext(): ActiveSpan;
  updateName(name: string): unknown;
  setAttributes(attributes: SpanAttributes): unknown;
  setStatus(status: { code: number; message?: string }): unknown;
  recordException(error: Error | string): void;
  end(): void;
}
