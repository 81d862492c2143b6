/** The attributes of a span, of the simple types that OpenTelemetry allows. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/**
 * The kind of a span: `internal` for work inside the process, `client` for a call that waits for a
 * response, `producer` for a message that is sent without waiting, `server` for the processing of a
 * received call.
 *
 * @see https://opentelemetry.io/docs/specs/otel/trace/api/#spankind
 */
export type SpanKind = 'internal' | 'client' | 'producer' | 'server';

/** The values with which a span starts. */
export interface SpanStart {
  readonly name: string;
  /** Default: `internal`. */
  readonly kind?: SpanKind;
  readonly attributes?: SpanAttributes | undefined;
  /** The id, if it was already sent with the call that the span records. Default: a new one. */
  readonly spanId?: string | undefined;
  /**
   * Milliseconds: a span that was shorter, did not fail and has no children is left out when it ends.
   * Default: none is.
   */
  readonly minMs?: number | undefined;
}

/**
 * One span of a request, message, job or run, or the sum of several: if more than 20 siblings have
 * the same name, most of them are folded into one record with a `count`.
 */
export interface SpanRecord {
  readonly name: string;
  readonly kind: SpanKind;
  /** 16 lower-case hex digits; `undefined` for folded spans. */
  readonly spanId: string | undefined;
  /**
   * The id of the parent: another span, or the request's own. `undefined` if the trace begins with
   * this span.
   */
  readonly parentSpanId: string | undefined;
  /** The number of spans between it and the request; 0 for a span directly below the request. */
  readonly depth: number;
  /** Monotonic start time in milliseconds, as of `performance.now()`. */
  readonly startedMs: number;
  /** Milliseconds; `undefined` while it runs. For folded spans, their sum. */
  readonly durationMs: number | undefined;
  /** Milliseconds without the time in which a child ran; `undefined` for folded spans. */
  readonly selfMs: number | undefined;
  /** Whether it has child spans. */
  readonly hasChildren: boolean;
  /** The number of spans that are folded into this record; `undefined` for a single span. */
  readonly count: number | undefined;
  readonly failed: boolean;
  /** The thrown value or the reason of the rejection. */
  readonly error: unknown;
  readonly attributes: SpanAttributes | undefined;
}

/** The record of a single span, published when it ends. It is never a folded one. */
export type SingleSpanRecord = SpanRecord & { readonly spanId: string };
