/** The two encodings of OTLP over HTTP. */
export type OtlpEncoding = 'json' | 'protobuf';

/**
 * A value of an attribute or of a body, whatever encoding it came in. Bytes are base64; an integer
 * that no number holds is its digits.
 *
 * @see https://opentelemetry.io/docs/specs/otel/common/#anyvalue
 */
export type AnyValue =
  string | number | boolean | null | readonly AnyValue[] | { readonly [key: string]: AnyValue };

/** Deeper than this, a value is left out. */
export const MAX_VALUE_DEPTH = 8;

export type OtlpAttributes = ReadonlyMap<string, AnyValue>;

/** Nanoseconds since the Unix epoch; `undefined` for 0, which stands for unknown. */
export type UnixNanos = bigint | undefined;

/** The largest `fixed64`. */
const MAX_NANOS = 2n ** 64n - 1n;

/** What a time may be: all of it is a date that JavaScript has. */
export function unixNanos(value: bigint): UnixNanos {
  return value > 0n && value <= MAX_NANOS ? value : undefined;
}

/** @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto */
export interface OtlpSpan {
  /** Ids are lower-case hex digits of the right length; `undefined` for all else. */
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: number;
  readonly start: UnixNanos;
  readonly end: UnixNanos;
  readonly attributes: OtlpAttributes;
  /** The attributes of the last exception that it recorded. */
  readonly exception: OtlpAttributes | undefined;
  readonly status: OtlpStatus;
}

export interface OtlpStatus {
  readonly code: number;
  readonly message: string;
}

/** @see https://opentelemetry.io/docs/specs/otel/trace/api/#spankind */
export const SPAN_KIND = { INTERNAL: 1, SERVER: 2, CLIENT: 3, PRODUCER: 4, CONSUMER: 5 } as const;

export const STATUS_CODE = { UNSET: 0, OK: 1, ERROR: 2 } as const;

/** @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/logs/v1/logs.proto */
export interface OtlpLog {
  readonly time: UnixNanos;
  readonly observedTime: UnixNanos;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly eventName: string;
  readonly body: AnyValue;
  readonly attributes: OtlpAttributes;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
}

/** A span or a log record, and who sends it. */
export interface OtlpItem<T> {
  /** What is said of the process. */
  readonly resource: OtlpAttributes;
  /** The name of the library that made it; of a log record, often that of the logger. */
  readonly scope: string;
  readonly data: T;
}

/** As many as are taken from one body. An exporter sends no more than a few thousand. */
export const MAX_ITEMS = 10_000;

/** A body that is being read. */
export interface OtlpDecoder {
  readonly traces: () => OtlpItem<OtlpSpan>[];
  readonly logs: () => OtlpItem<OtlpLog>[];
}
