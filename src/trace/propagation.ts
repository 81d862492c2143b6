import { newSpanId } from './ids.js';
import type { TraceCarrier } from './open-trace.js';
import type { Trace } from './trace.js';
import { formatTraceparent } from './traceparent.js';

/** Headers that carry a trace to another service. */
export type TraceHeaders = Record<string, string>;

/**
 * What {@link w3cHeaders} may give. They belong together: none of one trace may stand beside those
 * of another.
 */
export const W3C_HEADERS: readonly string[] = ['traceparent', 'tracestate', 'baggage'];

/** Looks up a field of what came in, by its lower-case name. What it gives is not to be trusted. */
export type ReadCarrier = (name: string) => unknown;

/**
 * The W3C headers of one call. Each call has a span id of its own, so that the other side can tell
 * two calls of one request apart.
 *
 * @see https://www.w3.org/TR/trace-context-2/#parent-id
 */
export function w3cHeaders(trace: Trace, spanId = newSpanId()): TraceHeaders {
  const { flags, tracestate, baggage } = trace.origin;
  const headers: TraceHeaders = {
    traceparent: formatTraceparent(trace.w3cTraceId, spanId, flags),
  };
  if (tracestate !== undefined) headers['tracestate'] = tracestate;
  if (baggage !== undefined) headers['baggage'] = baggage;
  return headers;
}

/** The same with the ids that only services of one's own should see. */
export function allHeaders(trace: Trace, spanId = newSpanId()): TraceHeaders {
  const headers = w3cHeaders(trace, spanId);
  headers['x-request-id'] = trace.requestId;
  headers['x-session-id'] = trace.sessionId;
  return headers;
}

/** Longer values than this are nobody's ids. */
const MAX_LENGTH = 8192;

/**
 * The text of a field of a carrier, whichever way a transport holds it: a string, the bytes of
 * one, or a list of one of these. `undefined` for everything else, and for a field that is there
 * twice.
 */
export function carrierText(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.length === 1 ? carrierText(value[0]) : undefined;
  if (typeof value === 'string') return value.length > MAX_LENGTH ? undefined : value;
  if (!(value instanceof Uint8Array) || value.length > MAX_LENGTH) return undefined;
  return new TextDecoder().decode(value);
}

/** What continues a trace of this process: its own headers, and its ids as they are logged. */
export function carrierOf(trace: Trace): TraceCarrier {
  return {
    ...w3cHeaders(trace, trace.spanId),
    traceId: trace.traceId,
    requestId: trace.requestId,
    sessionId: trace.sessionId,
  };
}
