import type { Work } from './slices.js';
import type { SpanKindName } from '../../records/span-kinds.js';

/** The two encodings of OTLP over HTTP. */
export type OtlpEncoding = 'json' | 'protobuf';

/**
 * A value of an attribute or of a body, whatever encoding it came in. Bytes are base64; an integer
 * that no number holds exactly is a string of its digits.
 *
 * @see https://opentelemetry.io/docs/specs/otel/common/#anyvalue
 */
export type AnyValue =
  string | number | boolean | null | readonly AnyValue[] | { readonly [key: string]: AnyValue };

/** A value that is nested deeper than this is left out. */
export const MAX_VALUE_DEPTH = 8;

/**
 * How many values are read of one record, with all that is nested in them; the rest is left out. By
 * default, OpenTelemetry's SDKs keep 128 attributes of a span and 128 of each of its 128 events.
 */
export const MAX_RECORD_VALUES = 8192;

export type OtlpAttributes = ReadonlyMap<string, AnyValue>;

/** Nanoseconds since the Unix epoch; `undefined` for 0, which means "unknown" in OTLP. */
export type UnixNanos = bigint | undefined;

/** The largest `fixed64`. */
const MAX_NANOS = 2n ** 64n - 1n;

/** A time as it was sent; `undefined` for one outside the range of a JavaScript date. */
export function unixNanos(value: bigint): UnixNanos {
  return value > 0n && value <= MAX_NANOS ? value : undefined;
}

/** @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto */
export interface OtlpSpan {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits, as is the parent's. */
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  /** `undefined` for "unspecified". */
  readonly kind: SpanKindName | undefined;
  /** Nanoseconds since the Unix epoch. */
  readonly start: bigint;
  readonly end: UnixNanos;
  readonly attributes: OtlpAttributes;
  /** The attributes of the last exception that it recorded. */
  readonly exception: OtlpAttributes | undefined;
  readonly status: OtlpStatus;
}

/** A span as it was sent: what identifies and places it may be missing. */
export type SentSpan = Omit<OtlpSpan, 'traceId' | 'spanId' | 'start'> & {
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly start: UnixNanos;
};

/** A span that can be shown; `undefined` for one without ids or without a start. */
export function completeSpan(span: SentSpan): OtlpSpan | undefined {
  const { traceId, spanId, start } = span;
  const isComplete = traceId !== undefined && spanId !== undefined && start !== undefined;
  return isComplete ? (span as OtlpSpan) : undefined;
}

export interface OtlpStatus {
  readonly code: number;
  readonly message: string;
}

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
  /** Ids are lower-case hex digits of the right length; `undefined` for anything else. */
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
}

/** A span or a log record, and what sent it. */
export interface OtlpItem<T> {
  /** The attributes of the process. */
  readonly resource: OtlpAttributes;
  /** The name of the library that made it; for a log record often the name of the logger. */
  readonly scope: string;
  readonly data: T;
}

/** How many items are read from one body. An exporter sends no more than a few thousand. */
export const MAX_ITEMS = 10_000;
/** How many resources and scopes are read of one body: each item may have its own of both. */
export const MAX_SCOPES = 2 * MAX_ITEMS;

/** A body that is being read, in steps. Each function throws for a body that is malformed. */
export interface OtlpDecoder {
  readonly traces: () => Work<OtlpItem<OtlpSpan>[]>;
  readonly logs: () => Work<OtlpItem<OtlpLog>[]>;
}
