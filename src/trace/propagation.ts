import { newSpanId } from './ids.js';
import type { Trace } from './trace.js';
import { formatTraceparent } from './traceparent.js';

/** Headers that carry a trace to another service. */
export type TraceHeaders = Record<string, string>;

/**
 * The W3C headers of one call. Each call has a span id of its own, so that the other side can tell
 * two calls of one request apart.
 *
 * @see https://www.w3.org/TR/trace-context-2/#parent-id
 */
export function w3cHeaders(trace: Trace): TraceHeaders {
  const { flags, tracestate, baggage } = trace.origin;
  const headers: TraceHeaders = {
    traceparent: formatTraceparent(trace.w3cTraceId, newSpanId(), flags),
  };
  if (tracestate !== undefined) headers['tracestate'] = tracestate;
  if (baggage !== undefined) headers['baggage'] = baggage;
  return headers;
}

/** The same with the ids that only services of one's own should see. */
export function allHeaders(trace: Trace): TraceHeaders {
  const headers = w3cHeaders(trace);
  headers['x-request-id'] = trace.requestId;
  headers['x-session-id'] = trace.sessionId;
  return headers;
}
