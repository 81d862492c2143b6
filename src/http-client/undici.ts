import { subscribe } from 'node:diagnostics_channel';
import type { OpenSpan } from '../context/traced-application.js';
import { definePatch } from '../instrumentation/patch.js';
import { guardCallback } from '../options/guard-callback.js';
import { W3C_HEADERS, type TraceHeaders } from '../trace/propagation.js';
import type { Span } from '../trace/span.js';
import type { Trace } from '../trace/trace.js';
import {
  endCall,
  idOnWire,
  openCall,
  putHeaders,
  trustReader,
  type ClientCall,
} from './client-call.js';
import { headerIn, withoutHeader } from './raw-head.js';
import { peerOf, targetOf, type Target } from './call-target.js';
import { readerOf } from './socket-reader.js';
import { clientOf, connectionOf, requestsOf } from './undici-client.js';
import { openTunnel } from './tunnel.js';
import { keepContextOfDispatch } from './undici-context.js';

const REQUEST = definePatch({
  package: 'undici',
  target: 'request of the channel undici:request:create (addHeader, headers, onUpgrade)',
  gives: 'trace headers on calls of `fetch`, once where another tracer adds its own',
  without: 'calls of `fetch` carry no trace',
  why: 'the channel and `addHeader` are public, but a header that was added cannot be taken back',
});

/** What undici publishes of a request, in all its versions. */
interface UndiciRequest {
  readonly origin: string | URL;
  readonly method: string;
  readonly path: string;
  readonly upgrade?: unknown;
  /** The header `Host`, where the caller has set one. */
  readonly host?: string | null;
  /** A list of names and values; up to undici 6.10 the lines of the head. */
  headers: string | (string | readonly string[])[];
  addHeader(name: string, value: string): unknown;
  onUpgrade?(status: number, ...rest: unknown[]): unknown;
}

interface RequestMessage {
  readonly request: UndiciRequest;
}

interface ResponseMessage extends RequestMessage {
  readonly response: {
    readonly statusCode: number;
    /** Names and values. */
    readonly headers?: readonly (Buffer | string)[];
  };
}

interface ErrorMessage extends RequestMessage {
  readonly error: unknown;
}

/** A call that has not been answered. */
interface OpenCall {
  readonly trace: Trace;
  readonly span: Span | undefined;
  /** Set as long as the ids wait for the connection. */
  waiting: ClientCall | undefined;
  status: number | undefined;
}

/**
 * Lets `fetch`, and every other user of undici, carry the trace. A redirect is a request of its
 * own here, so each hop gets the headers that its own host may have.
 *
 * @returns what makes the changes that these channels do not replace.
 * @see https://github.com/nodejs/undici/blob/main/docs/docs/api/DiagnosticsChannel.md
 */
export function traceUndici(openSpan: OpenSpan): () => void {
  const calls = new WeakMap<UndiciRequest, OpenCall>();
  const end = (request: UndiciRequest, error?: unknown): void => {
    const call = calls.get(request);
    if (call?.span !== undefined) endCall(call.span, call.status, error);
  };

  const { install: installDispatch, innermost } = keepContextOfDispatch();
  const create = guardCallback('outgoing fetch', (request: UndiciRequest) => {
    const call = traceRequest(openSpan, request, readerOf(connectionOf(innermost())));
    if (call === undefined) return;
    const { trace, span } = call;
    const waiting = call.ifTrusted && call;
    calls.set(request, { trace, span, waiting, status: undefined });
    if (request.upgrade && span !== undefined) endOnUpgrade(request, span);
  });
  /** Nothing was sent on the connection yet. */
  const connect = guardCallback('outgoing fetch', (socket: object) => {
    const reader = readerOf(socket);
    for (const request of requestsOf(clientOf(socket))) {
      const call = calls.get(request as UndiciRequest);
      if (call?.waiting !== undefined) addIds(request as UndiciRequest, call.waiting, reader);
    }
  });
  subscribe('undici:request:create', (message) => create((message as RequestMessage).request));
  subscribe('undici:client:connected', (message) =>
    connect((message as { socket: object }).socket),
  );
  subscribe('undici:request:headers', (message) => {
    const { request, response } = message as ResponseMessage;
    const call = calls.get(request);
    if (call === undefined) return;
    call.status = response.statusCode;
    noteAnswer(call.trace, response);
  });
  subscribe('undici:request:trailers', (message) => end((message as RequestMessage).request));
  subscribe('undici:request:error', (message) => {
    const { request, error } = message as ErrorMessage;
    end(request, error);
  });
  return () => {
    REQUEST.noteApplied();
    installDispatch();
  };
}

function traceRequest(
  openSpan: OpenSpan,
  request: UndiciRequest,
  reader: string | undefined,
): ClientCall | undefined {
  if (!hasKnownShape(request)) {
    REQUEST.unsupported('it has no `addHeader`, or headers of an unknown kind');
    return undefined;
  }
  const sent = {
    get: (name: string) => headerOf(request, name),
    remove: (name: string) => removeHeader(request, name),
  };
  if (request.method === 'CONNECT') {
    openTunnel(targetOfRequest(request), sent, (headers) => addHeaders(request, headers));
    return undefined;
  }
  const call = openCall(openSpan, targetOfRequest(request), sent, reader);
  if (call === undefined) return undefined;
  addHeaders(request, call.headers);
  if (call.headers['traceparent'] !== undefined) giveWay(request, call);
  return call;
}

function addIds(request: UndiciRequest, call: ClientCall, reader: string | undefined): void {
  const headers = trustReader(call, targetOfRequest(request), reader);
  if (headers !== undefined) addHeaders(request, headers);
}

function addHeaders(request: UndiciRequest, headers: TraceHeaders): void {
  putHeaders(
    headers,
    (name) => headerOf(request, name) !== undefined,
    (name, value) => request.addHeader(name, value),
  );
}

function targetOfRequest({ method, origin, path, host }: UndiciRequest): Target {
  return targetOf(method, peerOf(new URL(origin)), path, host ?? undefined);
}

const noteAnswer = guardCallback(
  'outgoing fetch',
  ({ metadata, policy }: Trace, { headers = [] }: ResponseMessage['response']) => {
    metadata.noteAnswer?.(policy.responseHeaders, (name) => {
      for (let i = 0; i < headers.length; i += 2) {
        // Bytes and text have the same length here: names are ASCII.
        if (headers[i]?.length === name.length && String(headers[i]).toLowerCase() === name) {
          return String(headers[i + 1]);
        }
      }
      return undefined;
    });
  },
);

function hasKnownShape({ headers, addHeader }: UndiciRequest): boolean {
  return typeof addHeader === 'function' && (Array.isArray(headers) || typeof headers === 'string');
}

/**
 * Another tracer may subscribe after us and add its `traceparent` to ours. A request with two has
 * none that is valid, so ours is removed then, with the headers that belong to it, and the call is
 * the other's span.
 */
function giveWay(request: UndiciRequest, { span, headers }: ClientCall): void {
  const { addHeader } = request;
  request.addHeader = (name, value) => {
    if (name.toLowerCase() === 'traceparent') {
      request.addHeader = addHeader;
      removeHeaders(request, headers);
      if (span !== undefined) span.spanId = idOnWire(span.trace, value) ?? span.spanId;
    }
    return addHeader.call(request, name, value);
  };
}

function removeHeaders(request: UndiciRequest, added: TraceHeaders): void {
  for (const name of W3C_HEADERS) {
    const value = added[name];
    if (value === undefined) continue;
    if (typeof request.headers === 'string') {
      request.headers = request.headers.replace(`${name}: ${value}\r\n`, '');
      continue;
    }
    const at = request.headers.findIndex(
      (item, i, list) => i % 2 === 0 && item === name && list[i + 1] === value,
    );
    if (at !== -1) request.headers.splice(at, 2);
  }
}

/** Some versions publish nothing when a request has become another connection. */
function endOnUpgrade(request: UndiciRequest, span: Span): void {
  const { onUpgrade } = request;
  if (onUpgrade === undefined) return;
  request.onUpgrade = (status, ...rest) => {
    endCall(span, status);
    return onUpgrade.call(request, status, ...rest);
  };
}

function headerOf({ headers }: UndiciRequest, name: string): string | undefined {
  if (typeof headers === 'string') return headerIn(headers, name);
  let found: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    if (!isNamed(headers[i], name)) continue;
    const value = headers[i + 1];
    const text = Array.isArray(value) ? value.join(', ') : String(value);
    found = found === undefined ? text : `${found}, ${text}`;
  }
  return found;
}

function isNamed(given: unknown, name: string): boolean {
  // Most have another length, and need not be converted to lower case.
  return (
    (given as string | undefined)?.length === name.length && String(given).toLowerCase() === name
  );
}

function removeHeader(request: UndiciRequest, name: string): void {
  const { headers } = request;
  if (typeof headers === 'string') {
    request.headers = withoutHeader(headers, name);
    return;
  }
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    if (isNamed(headers[i], name)) headers.splice(i, 2);
  }
}
