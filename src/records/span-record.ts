/** Values that describe a span, as OpenTelemetry allows them. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/**
 * What a span stands for: work of this process, a call that waits for its answer, a message that is
 * sent and forgotten, or the answer to somebody's call.
 *
 * @see https://opentelemetry.io/docs/specs/otel/trace/api/#spankind
 */
export type SpanKind = 'internal' | 'client' | 'producer' | 'server';

/** How a span begins. */
export interface SpanStart {
  readonly name: string;
  /** Default: `internal`. */
  readonly kind?: SpanKind;
  readonly attributes?: SpanAttributes | undefined;
  /** The id that it has on the wire already. Default: a new one. */
  readonly spanId?: string | undefined;
}

/** The spans of a trace that are kept. */
export interface SpansKept {
  /** In the order in which they began. */
  readonly kept: readonly SpanRecord[];
  /** Spans beyond the limit, which were run but not kept. */
  readonly dropped: number;
}

/** What is known of one operation inside a trace. */
export interface SpanRecord {
  readonly name: string;
  readonly kind: SpanKind;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /**
   * The span that it began in: another one, or the request's own. `undefined` where a trace begins
   * with it.
   */
  readonly parentSpanId: string | undefined;
  /** Monotonic start, milliseconds. */
  readonly startedMs: number;
  /** Milliseconds, or `undefined` while it runs. */
  readonly durationMs: number | undefined;
  /** Milliseconds of its own: its duration without those in which a child ran. */
  readonly selfMs: number | undefined;
  readonly failed: boolean;
  /** What it threw or rejected with. */
  readonly error: unknown;
  readonly attributes: SpanAttributes | undefined;
}
