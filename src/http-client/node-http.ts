import { subscribe } from 'node:diagnostics_channel';
import { errorMonitor } from 'node:events';
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import type { OpenSpan } from '../context/traced-application.js';
import type { TraceHeaders } from '../trace/propagation.js';
import { definePatch } from '../instrumentation/patch.js';
import { guardCallback } from '../options/guard-callback.js';
import { endCall, openCall, putHeaders, trustReader, type ClientCall } from './client-call.js';
import { connectsItself } from './connecting-agents.js';
import { copiedLater } from './copied-later.js';
import { DEFAULT_PORTS, hostName, targetOf, type Peer, type Target } from './call-target.js';
import {
  addHeader,
  FINISHED_HEAD,
  headerOf,
  removeHeader,
  type SentRequest,
} from './request-head.js';
import { readerOf } from './socket-reader.js';
import { openTunnel } from './tunnel.js';

const HTTP_REQUEST = definePatch({
  package: 'node',
  target: 'http.request, http.get, https.request, https.get',
  gives: 'trace headers and a span for each call through `node:http`, before Node 22.12',
  without: 'calls through `node:http` and `node:https` carry no trace',
  why: 'the channel `http.client.request.created` exists from Node 22.12 on',
});
const LATER_HEADERS = definePatch({
  package: 'node',
  target: 'setHeader and appendHeader of single requests that are being sent',
  gives: "the request's own ids in place of those that a proxy copies to a call it has made",
  without: 'ids of a caller that is not trusted may cross the application',
  why: 'Node reports a request when it is made, and headers may be set until it is sent',
});

/** The calls of requests that are traced. */
const calls = new WeakMap<object, ClientCall>();

type RequestArguments = Parameters<typeof http.request>;

/** `node:http` or `node:https`. Their options differ, and are handed on as they are. */
interface Requester {
  request(...args: RequestArguments): ClientRequest;
  get(...args: RequestArguments): ClientRequest;
}

type OnRequest = (request: ClientRequest) => void;

/**
 * Lets `node:http` and `node:https` carry the trace, and with them axios, got and most other
 * clients.
 *
 * @returns what makes the changes that these channels do not replace.
 * @see https://nodejs.org/api/diagnostics_channel.html#event-httpclientrequestcreated
 */
export function traceHttp(openSpan: OpenSpan): () => void {
  const onRequest = guardCallback('outgoing http.request', (request: ClientRequest) =>
    traceRequest(openSpan, request as SentRequest),
  );
  const onResponse = guardCallback('outgoing http.request', noteAnswer);
  // Despite its name, it is published before the caller has the response.
  subscribe('http.client.response.finish', (message) => onResponse(message as Answer));
  if (!hasCreatedChannel()) {
    return () => {
      FINISHED_HEAD.noteApplied();
      wrapBoth(onRequest);
    };
  }
  subscribe('http.client.request.created', (message) => {
    onRequest((message as { request: ClientRequest }).request);
  });
  return () => FINISHED_HEAD.noteApplied();
}

interface Answer {
  readonly request: ClientRequest;
  readonly response: IncomingMessage;
}

function noteAnswer({ request, response: { headers } }: Answer): void {
  const trace = calls.get(request)?.trace;
  if (trace === undefined) return;
  trace.metadata.noteAnswer?.(trace.policy.responseHeaders, (name) => {
    const value = headers[name];
    return typeof value === 'string' ? value : undefined;
  });
}

function hasCreatedChannel(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 12);
}

function wrapBoth(onRequest: OnRequest): void {
  // For code that imported the functions by name. What is noted first is undone last.
  HTTP_REQUEST.noteApplied(syncBuiltinESMExports);
  wrap(http, onRequest);
  wrap(https, onRequest);
  syncBuiltinESMExports();
}

function wrap(target: Requester, onRequest: OnRequest): void {
  const isWrapped = HTTP_REQUEST.method(
    target,
    'request',
    (make) =>
      function (this: unknown, ...args: RequestArguments) {
        const request = make.apply(this, args);
        onRequest(request);
        return request;
      },
  );
  if (!isWrapped) return;
  // Node's own `get` calls a `request` that it does not look up on the module.
  HTTP_REQUEST.method(
    target,
    'get',
    () =>
      function (...args: RequestArguments) {
        const request = target.request(...args);
        request.end();
        return request;
      },
  );
}

function traceRequest(openSpan: OpenSpan, request: SentRequest): void {
  const target = targetOfRequest(request);
  const sent = {
    get: (name: string) => headerOf(request, name),
    remove: (name: string) => removeHeader(request, name),
  };
  if (request.method === 'CONNECT') {
    const tunnel = openTunnel(target, sent, (headers) => addHeaders(request, headers));
    if (tunnel !== undefined) guardSetHeader(request, tunnel);
    return;
  }
  const reader = connectsItself(request.agent) ? undefined : target.connectedHost;
  const call = openCall(openSpan, target, sent, reader);
  if (call === undefined) return;
  const { span } = call;
  addHeaders(request, call.headers);
  calls.set(request, call);
  guardSetHeader(request, call);
  if (call.ifTrusted !== undefined) {
    // Node emits it before it writes the head.
    request.once('socket', (socket) => addIds(request, call, socket));
  }
  if (span === undefined) return;
  // Neither listener keeps an error from the caller's own, or makes Node keep a response.
  request.once(errorMonitor, (error) => endCall(span, request.res?.statusCode, error));
  request.once('close', () =>
    endCall(span, request.res?.statusCode, request.res?.errored ?? undefined),
  );
}

const addIds = guardCallback(
  'outgoing http.request',
  (request: SentRequest, call: ClientCall, socket: unknown) => {
    const headers = trustReader(call, targetOfRequest(request), readerOf(socket));
    if (headers !== undefined) addHeaders(request, headers);
  },
);

function addHeaders(request: SentRequest, headers: TraceHeaders): void {
  putHeaders(
    headers,
    (name) => headerOf(request, name) !== undefined,
    (name, value) => addHeader(request, name, value),
  );
}

function targetOfRequest(request: SentRequest): Target {
  const { method, path } = request;
  return targetOf(method, peerOf(request), path, headerOf(request, 'host'));
}

function peerOf(request: SentRequest): Peer {
  const host = hostName(request.host);
  const name = host.includes(':') ? `[${host}]` : host;
  const scheme = request.protocol === 'https:' ? 'https' : 'http';
  // Only this header has the port. One that the caller made up may mean another server.
  const [, given = '', port] = /^(.*?)(?::(\d+))?$/.exec(headerOf(request, 'host') ?? '') ?? [];
  if (hostName(given) !== host) return { scheme, authority: name, host, port: undefined };
  const usual = DEFAULT_PORTS.get(request.protocol);
  if (port === undefined || Number(port) === usual) {
    return { scheme, authority: name, host, port: usual };
  }
  return { scheme, authority: `${name}:${port}`, host, port: Number(port) };
}

/** A proxy may copy headers to the request that it has made: they are compared as they are set. */
function guardSetHeader(request: SentRequest, call: ClientCall): void {
  if (request.headersSent) return;
  const check = copiedLater(call);
  if (check === undefined) return;
  const { setHeader, appendHeader } = request;
  LATER_HEADERS.noteApplied();
  request.setHeader = function (name, value) {
    const own = check(name, value);
    return own === undefined ? this : setHeader.call(this, name, own);
  };
  request.appendHeader = function (name, value) {
    const own = check(name, value);
    if (own === undefined) return this;
    const isReplaced = own !== value || own === call.headers[name.toLowerCase()];
    if (!isReplaced) return appendHeader.call(this, name, value);
    // It is sent once, however often it was copied.
    return this.hasHeader(name) ? this : setHeader.call(this, name, own);
  };
}
