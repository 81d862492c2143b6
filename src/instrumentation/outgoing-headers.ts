import { W3C_HEADERS, type TraceHeaders } from '../trace/propagation.js';

/**
 * The headers that a message has not got yet. Where it has a `traceparent`, nothing of ours may
 * stand beside it that belongs together with ours.
 */
export function missingHeaders(
  headers: TraceHeaders,
  isThere: (name: string) => boolean,
): TraceHeaders {
  const isTraced = isThere('traceparent');
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !isThere(name) && !(isTraced && W3C_HEADERS.includes(name)),
    ),
  );
}

/** A copy of a record of headers with those that it lacks. */
export function withHeaders(
  given: Readonly<Record<string, unknown>> | null | undefined,
  headers: TraceHeaders,
): Record<string, unknown> {
  const own = given ?? {};
  return { ...missingHeaders(headers, (name) => Object.hasOwn(own, name)), ...own };
}
