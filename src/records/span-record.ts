/** Values that describe a span, as OpenTelemetry allows them. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/**
 * What a span is: work of this process, a call that waits for its answer, a message that is sent
 * without waiting, or the answer to a caller.
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
  /** The id that went out already, with the call that it is. Default: a new one. */
  readonly spanId?: string | undefined;
}

/**
 * One span of a request, message, job or run, or the sum of equal ones: of more than 20 equal
 * siblings most are folded into one record with a `count`.
 */
export interface SpanRecord {
  readonly name: string;
  readonly kind: SpanKind;
  /** 16 lower-case hex digits; `undefined` for folded spans, which are several. */
  readonly spanId: string | undefined;
  /**
   * The span that it began in: another one, or the request's own. `undefined` where a trace begins
   * with it.
   */
  readonly parentSpanId: string | undefined;
  /** How many spans of the request it is inside of; 0 for one directly below the request. */
  readonly depth: number;
  /** Monotonic start in milliseconds, as `performance.now()` counts. */
  readonly startedMs: number;
  /** Milliseconds, or `undefined` while it runs. Of folded spans: their sum. */
  readonly durationMs: number | undefined;
  /** Milliseconds of its own: without the time in which a child ran. `undefined` if folded. */
  readonly selfMs: number | undefined;
  /** Whether it has spans inside it. */
  readonly hasChildren: boolean;
  /** How many equal spans were folded into this record; `undefined` for a single one. */
  readonly count: number | undefined;
  readonly failed: boolean;
  /** What it threw or rejected with. */
  readonly error: unknown;
  readonly attributes: SpanAttributes | undefined;
}

/** The record of one span, as it ends: not folded. */
export type SingleSpanRecord = SpanRecord & { readonly spanId: string };
