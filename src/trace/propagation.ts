import type { TraceScope } from './trace.js';
import { formatTraceparent } from './traceparent.js';

/** Headers that carry a trace to another service. */
export type TraceHeaders = Record<string, string>;

/**
 * The W3C headers of a call made now: the current span is the parent of whatever it causes.
 *
 * @see https://www.w3.org/TR/trace-context-2/
 */
export function w3cHeaders({ trace, spanId }: TraceScope): TraceHeaders {
  const { flags, tracestate, baggage } = trace.origin;
  const headers: TraceHeaders = {
    traceparent: formatTraceparent(trace.w3cTraceId, spanId, flags),
  };
  if (tracestate !== undefined) headers['tracestate'] = tracestate;
  if (baggage !== undefined) headers['baggage'] = baggage;
  return headers;
}

/** The same with the ids that only services of one's own should see. */
export function allHeaders(scope: TraceScope): TraceHeaders {
  const headers = w3cHeaders(scope);
  headers['x-request-id'] = scope.trace.requestId;
  headers['x-session-id'] = scope.trace.sessionId;
  return headers;
}
