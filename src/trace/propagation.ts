import { DEBUG_LEVEL_HEADER } from './debug-level.js';
import { newSpanId } from './ids.js';
import type { TraceCarrier } from './open-trace.js';
import type { Trace } from './trace.js';
import { formatTraceparent } from './traceparent.js';

/** Headers that carry a trace to another service. */
export type TraceHeaders = Record<string, string>;

/**
 * The names of the headers that {@link w3cHeaders} returns. They are replaced together, so that a
 * message never mixes the headers of two traces.
 */
export const W3C_HEADERS: readonly string[] = ['traceparent', 'tracestate', 'baggage'];

/** Reads a field of a received message by its lower-case name. The value is not validated. */
export type ReadCarrier = (name: string) => unknown;

/**
 * The W3C headers of one outgoing call. Each call has its own span id, so that the receiver can
 * distinguish two calls of the same request.
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

/**
 * The W3C headers, and what only trusted services should receive: the request and session id, and
 * the level that the caller has asked for.
 */
export function allHeaders(trace: Trace, spanId = newSpanId()): TraceHeaders {
  return addIds(trace, w3cHeaders(trace, spanId));
}

/** What only trusted services should receive, alone. */
export function idHeaders(trace: Trace): TraceHeaders {
  return addIds(trace, {});
}

function addIds(trace: Trace, headers: TraceHeaders): TraceHeaders {
  headers['x-request-id'] = trace.requestId;
  if (trace.sessionId !== undefined) headers['x-session-id'] = trace.sessionId;
  const header = trace.debugLevel?.header;
  if (header !== undefined) headers[DEBUG_LEVEL_HEADER] = header;
  return headers;
}

/** A carrier that continues a trace of this process: its W3C headers, and its ids as logged. */
export function carrierOf(trace: Trace): TraceCarrier {
  return {
    ...w3cHeaders(trace, trace.spanId),
    traceId: trace.traceId,
    requestId: trace.requestId,
    sessionId: trace.sessionId,
    debugLevel: trace.debugLevel,
  };
}
