import { currentTrace } from '../context/active-trace.js';
import { isCopied } from '../trace/copied-headers.js';
import { carrierText } from '../trace/carrier-text.js';
import { DEBUG_LEVEL_HEADER } from '../trace/debug-level.js';
import { W3C_HEADERS, type TraceHeaders } from '../trace/propagation.js';
import type { Trace } from '../trace/trace.js';

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

/**
 * A copy of a record of headers, with those that it does not have yet. What was copied from the
 * request or message that is being handled counts as one that it does not have.
 */
export function withHeaders(
  given: Readonly<Record<string, unknown>> | null | undefined,
  headers: TraceHeaders,
  trace = currentTrace(),
): Record<string, unknown> {
  const own = withoutCopied(given ?? {}, trace);
  return { ...missingHeaders(headers, (name) => Object.hasOwn(own, name)), ...own };
}

/** The names of those headers of a message that were copied from what is being handled. */
export function copiedNames(
  valueOf: (name: string) => unknown,
  trace: Trace | undefined = currentTrace(),
): string[] {
  if (trace === undefined) return [];
  const isCopy = (name: string): boolean => {
    const value = valueOf(name);
    const values = Array.isArray(value) ? value : [value];
    return values.some((item) => {
      const text = carrierText(item);
      return text !== undefined && isCopied(trace, name, text);
    });
  };
  const ids = ['x-request-id', 'x-session-id'].filter(isCopy);
  if (trace.policy.debugKey !== undefined && isCopy(DEBUG_LEVEL_HEADER))
    ids.push(DEBUG_LEVEL_HEADER);
  const traceparent = valueOf('traceparent');
  const isOthers = carrierText(traceparent) !== undefined && !isCopy('traceparent');
  return isOthers ? ids : [...ids, ...W3C_HEADERS.filter(isCopy)];
}

function withoutCopied(
  given: Readonly<Record<string, unknown>>,
  trace: Trace | undefined,
): Readonly<Record<string, unknown>> {
  const copied = copiedNames(
    (name) => (Object.hasOwn(given, name) ? given[name] : undefined),
    trace,
  );
  if (copied.length === 0) return given;
  const own: Record<string, unknown> = { ...given };
  for (const name of copied) delete own[name];
  return own;
}
