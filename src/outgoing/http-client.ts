import { subscribe } from 'node:diagnostics_channel';
import http, { type ClientRequest } from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import type { OpenSpan } from '../context/work.js';
import { guardCallback } from '../options/guard-callback.js';
import type { Span } from '../trace/span.js';
import { endCall, openCall, targetUrl, type Target } from './client-call.js';

/** What Node keeps on a request besides what its types say. */
interface SentRequest extends ClientRequest {
  readonly res?: { readonly statusCode?: number };
  /** The head as it goes out; `null` while headers may still be set. */
  _header: string | null;
}

type MakeRequest = (...args: unknown[]) => ClientRequest;
type Requester = Record<'request' | 'get', MakeRequest>;

/**
 * Lets `node:http` and `node:https` carry the trace, and so axios, got, and most clients there are.
 *
 * @see https://nodejs.org/api/diagnostics_channel.html#event-httpclientrequestcreated
 */
export function traceHttp(openSpan: OpenSpan): void {
  const errors = new WeakMap<ClientRequest, unknown>();
  const trace = guardCallback('http.request', (request: ClientRequest) =>
    traceRequest(openSpan, request as SentRequest, errors),
  );
  subscribe('http.client.request.error', (message) => {
    const { request, error } = message as { request: ClientRequest; error: unknown };
    errors.set(request, error);
  });
  if (hasCreatedChannel()) {
    subscribe('http.client.request.created', (message) => {
      trace((message as { request: ClientRequest }).request);
    });
    return;
  }
  wrap(http as unknown as Requester, trace);
  wrap(https as unknown as Requester, trace);
  // For those who imported the functions by name.
  syncBuiltinESMExports();
}

function hasCreatedChannel(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 12);
}

function wrap(target: Requester, trace: (request: ClientRequest) => void): void {
  const { request } = target;
  target.request = function (...args) {
    const made = request.apply(this, args);
    trace(made);
    return made;
  };
  target.get = function (...args) {
    const made = target.request(...args);
    made.end();
    return made;
  };
}

function traceRequest(
  openSpan: OpenSpan,
  request: SentRequest,
  errors: WeakMap<ClientRequest, unknown>,
): void {
  // A tunnel is no call: what goes through it is.
  if (request.method === 'CONNECT') return;
  const call = openCall(openSpan, targetOf(request), headerOf(request, 'traceparent'));
  if (call === undefined) return;
  for (const [name, value] of Object.entries(call.headers)) {
    if (headerOf(request, name) === undefined) addHeader(request, name, value);
  }
  const { span } = call;
  if (span !== undefined) request.once('close', () => end(span, request, errors.get(request)));
}

function end(span: Span, { res }: SentRequest, error: unknown): void {
  if (res?.statusCode === undefined) return span.fail(error);
  span.describe({ 'http.response.status_code': res.statusCode });
  if (error === undefined) endCall(span);
  else span.fail(error);
}

function targetOf(request: SentRequest): Target {
  const { method, host, path, protocol } = request;
  const name = host.includes(':') ? `[${host}]` : host;
  // The port stands nowhere else. The name beside it may be one that the caller made up.
  const port = /:(\d+)$/.exec(String(request.getHeader('host') ?? ''))?.[1] ?? '';
  return targetUrl(method, path, `${protocol}//${name}${port === '' ? '' : `:${port}`}`);
}

function headerOf(request: SentRequest, name: string): string | undefined {
  const value = request.getHeader(name);
  if (value !== undefined) return String(value);
  return request._header === null
    ? undefined
    : new RegExp(`\\r\\n${name}: ?([^\\r]*)\\r\\n`, 'i').exec(request._header)?.[1];
}

/** Headers that were given as a list are a finished head from the start, which is not yet sent. */
function addHeader(request: SentRequest, name: string, value: string): void {
  if (request._header === null) request.setHeader(name, value);
  else request._header = request._header.replace(/\r\n\r\n$/, `\r\n${name}: ${value}\r\n\r\n`);
}
