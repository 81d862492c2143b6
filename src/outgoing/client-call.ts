import type { OpenSpan } from '../context/work.js';
import { currentTrace } from '../context/trace-store.js';
import { newSpanId } from '../trace/ids.js';
import { allHeaders, w3cHeaders, type TraceHeaders } from '../trace/propagation.js';
import type { Span } from '../trace/span.js';
import { parseTraceparent } from '../trace/traceparent.js';

/** Where a call goes. */
export interface Target {
  readonly method: string;
  /** In lower case, without brackets and port. */
  readonly host: string;
  readonly port: string;
  /** Without the query, which may hold secrets. */
  readonly path: string;
}

/** Where a request goes. Through a proxy its target is a whole URL, which names the real host. */
export function targetUrl(method: string, target: string, origin: string): Target {
  const url = new URL(target, origin);
  return {
    method,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port,
    path: url.pathname,
  };
}

/** One call that is about to go out. */
export interface ClientCall {
  /** `undefined` where the trace has as many spans as it may. */
  readonly span: Span | undefined;
  /** Empty where somebody else has put a `traceparent` on the call. */
  readonly headers: TraceHeaders;
}

/**
 * Begins a call in the current trace; `undefined` where there is none, or where its application
 * wants no headers on calls.
 *
 * @param traceparent what stands on the call already: another tracer's, or the caller's own. Its
 *   span stays the parent on the other side.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span
 */
export function openCall(
  openSpan: OpenSpan,
  { method, host, port, path }: Target,
  traceparent: string | undefined,
): ClientCall | undefined {
  const trace = currentTrace();
  const isTrustedHost = trace?.policy.isTrustedHost;
  if (trace === undefined || isTrustedHost === undefined) return undefined;

  const given = traceparent === undefined ? undefined : parseTraceparent(traceparent);
  const spanId = given?.traceId === trace.w3cTraceId ? given.parentId : newSpanId();
  const span = openSpan({
    name: `${method} ${host}${port === '' ? '' : `:${port}`}${path}`,
    kind: 'client',
    spanId,
    attributes: {
      'http.request.method': method,
      'server.address': host,
      ...(port !== '' && { 'server.port': Number(port) }),
      'url.path': path,
    },
  });
  const headers = isTrustedHost(host) ? allHeaders(trace, spanId) : w3cHeaders(trace, spanId);
  if (traceparent !== undefined) {
    // They belong together: nothing of ours may stand beside another's.
    delete headers['traceparent'];
    delete headers['tracestate'];
    delete headers['baggage'];
  }
  return { span, headers };
}

/** An answer with an error status makes a failed call. */
const FIRST_ERROR_STATUS = 400;

/** Ends the span of a call that was answered. */
export function endCall(span: Span): void {
  const status = span.attributes?.['http.response.status_code'];
  if (typeof status === 'number' && status >= FIRST_ERROR_STATUS) span.fail();
  else span.end();
}
