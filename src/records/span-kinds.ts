/**
 * The kinds of spans, with their numbers in OpenTelemetry's API.
 *
 * @see https://opentelemetry.io/docs/specs/otel/trace/api/#spankind
 */
export const SPAN_KIND_NUMBERS = {
  internal: 0,
  server: 1,
  client: 2,
  producer: 3,
  consumer: 4,
} as const;

/** The name of a span kind. */
export type SpanKindName = keyof typeof SPAN_KIND_NUMBERS;

const NAMES = Object.keys(SPAN_KIND_NUMBERS) as readonly SpanKindName[];

/** The kind with this number in OpenTelemetry's API; `undefined` for an unknown number. */
export function spanKindOf(number: number): SpanKindName | undefined {
  return NAMES[number];
}

/** The kind with this number in OTLP, where 0 is "unspecified" and the numbers are one higher. */
export function spanKindOfOtlp(number: number): SpanKindName | undefined {
  return NAMES[number - 1];
}
