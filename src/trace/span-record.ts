/** Values that describe a span, as OpenTelemetry allows them. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** What is known of one operation inside a trace. */
export interface SpanRecord {
  readonly name: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** The span that it began in: another one, or the request's own. */
  readonly parentSpanId: string;
  /** Monotonic start, milliseconds. */
  readonly startedMs: number;
  /** Milliseconds, or `undefined` while it runs. */
  readonly durationMs: number | undefined;
  readonly failed: boolean;
  /** What it threw or rejected with. */
  readonly error: unknown;
  readonly attributes: SpanAttributes | undefined;
}
