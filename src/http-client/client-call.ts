import type { OpenSpan } from '../context/traced-application.js';
import { hasSdk } from '../options/sdk-detection.js';
import { isLoopback } from '../options/trusted-hosts.js';
import { isTracingSuppressed } from '../context/sdk-spans.js';
import { currentTrace } from '../context/active-trace.js';
import {
  isCopied,
  removeCopied,
  replaceSources,
  type HeadersToSend,
} from '../trace/copied-headers.js';
import { newSpanId } from '../trace/ids.js';
import {
  allHeaders,
  idHeaders,
  W3C_HEADERS,
  w3cHeaders,
  type TraceHeaders,
} from '../trace/propagation.js';
import type { Span } from '../trace/span.js';
import type { Trace } from '../trace/trace.js';
import { parseTraceparent } from '../trace/traceparent.js';
import { hostIn, type Target } from './call-target.js';
import { LOCAL_PIPE } from './socket-reader.js';

/** A call that is about to be sent. */
export interface ClientCall {
  readonly trace: Trace;
  readonly target: Target;
  /** `undefined` where the trace has the most spans it may have. */
  readonly span: Span | undefined;
  /** The span that is sent to the server as its parent. */
  readonly spanId: string;
  /** Without those of W3C where the call has a `traceparent` already. */
  readonly headers: TraceHeaders;
  /** Whether all that read the call may have the ids of the request. */
  isTrusted: boolean;
  /**
   * What is sent besides if its connection leads to a host that may have the ids; `undefined` where
   * the hosts that the call names decide.
   */
  readonly ifTrusted: TraceHeaders | undefined;
}

/**
 * Begins a call in the current trace; `undefined` where there is none, where its application wants
 * no headers on calls, or where OpenTelemetry has turned tracing off, as it does for its exports.
 * Headers that were copied from the incoming request are removed from the call: they are not headers
 * that the application has set.
 *
 * @param sent the headers that the call has already: of the application, or of another tracer.
 * @param reader who reads the connection, as {@link readerOf} says it: where it is `undefined`, the
 * ids wait for {@link trustReader}.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span
 */
export function openCall(
  openSpan: OpenSpan,
  target: Target,
  sent: HeadersToSend,
  reader: string | undefined,
): ClientCall | undefined {
  const trace = currentTrace();
  const isTrustedHost = trace?.policy.isTrustedHost;
  if (trace === undefined || isTrustedHost === undefined || isTracingSuppressed()) {
    return undefined;
  }

  removeCopied(trace, sent);
  const traceparent = sent.get('traceparent');
  const { method, scheme, authority, host, port, path } = target;
  // An instrumentation of the SDK has made the span, and `TracingSpanProcessor` has added it here.
  const isMade = hasSdk() && isRecorded(trace, parentIdIn(trace, traceparent));
  const span = isMade
    ? undefined
    : openSpan({
        name: `${method} ${authority}${path}`,
        kind: 'client',
        spanId: idOnWire(trace, traceparent),
        attributes: {
          'http.request.method': method,
          'server.address': host,
          ...(port !== undefined && { 'server.port': port }),
          'url.scheme': scheme,
          'url.path': path,
        },
      });
  const spanId = span?.spanId ?? newSpanId();
  const isTrusted =
    areTrusted(trace, isTrustedHost, target) &&
    (reader === undefined || isTrustedReader(trace, target, reader));
  const isKnown = !isTrusted || reader !== undefined;
  const headers = isTrusted && isKnown ? allHeaders(trace, spanId) : w3cHeaders(trace, spanId);
  const ifTrusted = isKnown ? undefined : idHeaders(trace);
  if (traceparent !== undefined) {
    for (const name of W3C_HEADERS) delete headers[name];
  }
  const mayHaveIds = isTrusted && isKnown;
  Object.assign(headers, replaceSources(trace, sent, spanId, mayHaveIds, ifTrusted));
  return { trace, target, span, spanId, headers, isTrusted: mayHaveIds, ifTrusted };
}

type IsTrustedHost = NonNullable<Trace['policy']['isTrustedHost']>;

/**
 * Whether all hosts that a call names may have the ids: the one it is for, the one that the client
 * connects to, and the one in `Host` where it decides. A gateway passes on the `Host` of its caller,
 * which names itself.
 */
function areTrusted(trace: Trace, isTrusted: IsTrustedHost, target: Target): boolean {
  const { host, connectedHost, hostHeader, isProxied } = target;
  return (
    isTrusted(host) &&
    (connectedHost === host ||
      (isProxied ? isTrustedProxy(trace, target, connectedHost) : isTrusted(connectedHost))) &&
    (hostHeader === undefined ||
      isCopied(trace, 'host', hostHeader) ||
      isTrusted(hostIn(hostHeader)))
  );
}

/**
 * Whether the reader of a connection may have the ids too. Where it is not the host that the client
 * asked for, it is a proxy.
 */
function isTrustedReader(trace: Trace, target: Target, reader: string): boolean {
  if (reader === LOCAL_PIPE || reader === target.connectedHost) return true;
  return isTrustedProxy(trace, target, reader);
}

/** A proxy has to be named by the application, unless the call stays on this machine. */
function isTrustedProxy({ policy }: Trace, target: Target, proxy: string): boolean {
  const { host, connectedHost } = target;
  const isLocal = isLoopback(host) && isLoopback(connectedHost) && isLoopback(proxy);
  return isLocal || policy.isTrustedProxy?.(proxy) === true;
}

/**
 * Decides on the ids of a call once its connection is known.
 *
 * @param target as the call is now: an agent may have changed it since.
 * @returns the headers to add.
 */
export function trustReader(
  call: ClientCall,
  target: Target,
  reader: string | undefined,
): TraceHeaders | undefined {
  const { trace, ifTrusted, headers } = call;
  const isTrustedHost = trace.policy.isTrustedHost;
  if (ifTrusted === undefined || reader === undefined || isTrustedHost === undefined) {
    return undefined;
  }
  const isAsBefore =
    target.host === call.target.host && target.hostHeader === call.target.hostHeader;
  if (!isAsBefore && !areTrusted(trace, isTrustedHost, target)) return undefined;
  if (!isTrustedReader(trace, target, reader)) return undefined;
  call.isTrusted = true;
  Object.assign(headers, ifTrusted);
  return ifTrusted;
}

/**
 * The span that a `traceparent` on a call gives the server as its parent, if it can be that of this
 * call. Code that forwards the headers it received, or sends the same headers twice, names a span
 * that is known already: `undefined`.
 */
export function idOnWire(trace: Trace, traceparent: string | undefined): string | undefined {
  const parentId = parentIdIn(trace, traceparent);
  const isKnown =
    parentId === trace.spanId ||
    parentId === trace.origin.parentSpanId ||
    isRecorded(trace, parentId);
  return isKnown ? undefined : parentId;
}

function parentIdIn(trace: Trace, traceparent: string | undefined): string | undefined {
  const parsed = traceparent === undefined ? undefined : parseTraceparent(traceparent);
  return parsed?.traceId === trace.w3cTraceId ? parsed.parentId : undefined;
}

function isRecorded({ spans }: Trace, id: string | undefined): boolean {
  return id !== undefined && spans?.some(({ spanId }) => spanId === id) === true;
}

/** Adds headers to a call; one that it has already stays as it is. */
export function putHeaders(
  headers: TraceHeaders,
  has: (name: string) => boolean,
  add: (name: string, value: string) => void,
): void {
  for (const [name, value] of Object.entries(headers)) {
    if (has(name)) continue;
    try {
      add(name, value);
    } catch {
      // The user's own validator accepted a character that no header may have.
    }
  }
}

/** From this status on, a call has failed. */
const FIRST_ERROR_STATUS = 400;

/** Ends the span of a call that was answered, or that broke off after the head of the response. */
export function endCall(span: Span, status: number | undefined, error?: unknown): void {
  if (status !== undefined) span.describe({ 'http.response.status_code': status });
  const isFine = error === undefined && status !== undefined && status < FIRST_ERROR_STATUS;
  if (isFine) span.end();
  else span.fail(error);
}
