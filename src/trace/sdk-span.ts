import type { SpanAttributes, SpanKind } from './span-record.js';

/** How another tracer names one of its spans. */
export interface ActiveSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
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
