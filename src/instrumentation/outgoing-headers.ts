import { W3C_HEADERS, type TraceHeaders } from '../trace/propagation.js';

/**
 * The headers that a message does not have yet. Where it has a `traceparent`, the other W3C headers
 * are left out too: they belong to the trace of our `traceparent`.
 */
export function missingHeaders(
  headers: TraceHeaders,
  hasHeader: (name: string) => boolean,
): TraceHeaders {
  const isTraced = hasHeader('traceparent');
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !hasHeader(name) && !(isTraced && W3C_HEADERS.includes(name)),
    ),
  );
}

/** A copy of a record of headers, with those that it does not have yet. */
export function withHeaders(
  given: Readonly<Record<string, unknown>> | null | undefined,
  headers: TraceHeaders,
): Record<string, unknown> {
  const own = given ?? {};
  return { ...missingHeaders(headers, (name) => Object.hasOwn(own, name)), ...own };
}
