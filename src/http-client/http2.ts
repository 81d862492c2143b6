import { subscribe } from 'node:diagnostics_channel';
import { errorMonitor } from 'node:events';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import type { OpenSpan } from '../context/traced-application.js';
import { definePatch } from '../instrumentation/patch.js';
import { guardCallback } from '../options/guard-callback.js';
import { DEFAULT_PORTS, hostIn, hostName, type Peer, type Target } from './call-target.js';
import { endCall, openCall, putHeaders, type ClientCall } from './client-call.js';
import { copyHeaders, type CopiedHeaders } from './http2-headers.js';
import { readerOf, symbolOf, valueOf } from './socket-reader.js';
import { openTunnel } from './tunnel.js';
import { clientOf } from './undici-client.js';

const REQUEST = definePatch({
  package: 'node',
  target: 'ClientHttp2Session.prototype.request',
  gives: 'trace headers and a span for each call through `node:http2`',
  without: 'calls through `node:http2` carry no trace',
  why: 'the channel `http2.client.stream.created` is published when the headers are encoded already',
});
const CONNECT = definePatch({
  package: 'node',
  target: 'http2.connect',
  gives: 'who reads a session of `node:http2` that is not connected yet',
  without: 'the first calls of a session to an IP address carry no request and session id',
  why: 'a session does not show whether Node or its caller has chosen the address',
});

interface ConnectOptions {
  readonly createConnection?: unknown;
}
interface Http2 {
  connect(
    authority: string | URL,
    options?: ConnectOptions | ((session: ClientHttp2Session) => void),
    listener?: (session: ClientHttp2Session) => void,
  ): ClientHttp2Session;
}
/** From Node 22 on there are channels of streams. */
const HAS_CHANNELS = Number.parseInt(process.versions.node) >= 22;

/** With headers of each kind that a version of Node takes. */
type Request = (this: ClientHttp2Session, headers: unknown, options: unknown) => ClientHttp2Stream;
interface SessionType {
  request: Request;
}

/**
 * Lets `node:http2` carry the trace. The calls of gRPC and of undici's HTTP/2 are not touched: they
 * carry it already, and may be sent in the context of the request that has opened the connection.
 *
 * `node:http2` takes some milliseconds to load, so it is not loaded here on Node 22 and later. Once
 * something else has loaded it, it is changed before the next connection of the process is used.
 *
 * @returns what makes the changes.
 * @see https://nodejs.org/api/http2.html#clienthttp2sessionrequestheaders-options
 */
export function traceHttp2(openSpan: OpenSpan): () => void {
  /** Sessions whose connection Node has made, to the address that they name. */
  const connected = new WeakSet<object>();
  let isWanted = false;
  let isInstalled = false;
  let type: SessionType | undefined;

  const open = guardCallback(
    'outgoing http2.request',
    (session: ClientHttp2Session, sent: CopiedHeaders) =>
      openHttp2Call(openSpan, session, sent, connected.has(session)),
  );
  const patchRequest = (found: SessionType): void => {
    type = found;
    REQUEST.method(
      found,
      'request',
      (send) =>
        function (headers, options) {
          const sent = copyHeaders(headers);
          const call = sent && open(this, sent);
          if (sent === undefined || call === undefined) return send.call(this, headers, options);
          return follow(call, () => send.call(this, sent.headers, options));
        },
    );
  };
  const patchConnect = (http2: Http2): void => {
    CONNECT.method(
      http2,
      'connect',
      (connect) =>
        function (this: unknown, authority, options, listener) {
          const session = connect.call(this, authority, options, listener);
          if (typeof options === 'function' || options?.createConnection === undefined) {
            connected.add(session);
          }
          patchRequest(Object.getPrototypeOf(session) as SessionType);
          return session;
        },
    );
    syncBuiltinESMExports();
  };
  const install = (): Http2 | undefined => {
    if (!isWanted || isInstalled) return undefined;
    const http2 = loadHttp2();
    isInstalled = true;
    patchConnect(http2);
    if (type !== undefined) patchRequest(type);
    return http2;
  };
  const installForSocket = guardCallback('outgoing http2.connect', () => {
    if (isInstalled || !isWanted) return;
    const isConnecting = isConnectingSession();
    const http2 = isConnecting || isLoaded() ? install() : undefined;
    // That call of `http2.connect` is not the changed one.
    if (http2 !== undefined && isConnecting && type === undefined) {
      patchRequest(sessionTypeOf(http2));
    }
  });
  subscribe('net.client.socket', installForSocket);
  // A session that is older than the application shows the class at its first call.
  subscribe('http2.client.stream.created', (message) => {
    if (!isWanted || type !== undefined) return;
    const { session } = (message as { stream: ClientHttp2Stream }).stream;
    if (session !== undefined) patchRequest(Object.getPrototypeOf(session) as SessionType);
  });
  return () => {
    if (isWanted) return;
    isWanted = true;
    CONNECT.noteApplied(() => {
      isWanted = isInstalled = false;
      syncBuiltinESMExports();
    });
    // Node 20 does not show the first session over TLS, so there it is loaded in any case.
    if (!HAS_CHANNELS || isLoaded()) install();
  };
}

function isLoaded(): boolean {
  const { moduleLoadList = [] } = process as { readonly moduleLoadList?: readonly string[] };
  return moduleLoadList.includes('NativeModule http2');
}

function loadHttp2(): Http2 {
  return createRequire(join(process.cwd(), 'index.js'))('node:http2') as Http2;
}

/** Whether `http2.connect` is running. */
function isConnectingSession(): boolean {
  return new Error().stack?.includes('node:internal/http2/core') === true;
}

/** Node does not export the class: it is that of a session that is connected to nothing. */
function sessionTypeOf(http2: Http2): SessionType {
  const nothing = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const session = http2.connect('http://localhost', { createConnection: () => nothing });
  session.on('error', () => {});
  session.destroy();
  return Object.getPrototypeOf(session) as SessionType;
}

function openHttp2Call(
  openSpan: OpenSpan,
  session: ClientHttp2Session,
  sent: CopiedHeaders,
  isConnectedByNode: boolean,
): ClientCall | undefined {
  if (isGrpc(sent) || clientOf(session) !== undefined) return undefined;
  const target = targetOfCall(session, sent);
  if (target === undefined) return undefined;
  const add = (headers: Record<string, string>): void =>
    putHeaders(headers, (name) => sent.get(name) !== undefined, sent.add);
  if (target.method === 'CONNECT' && sent.get(':protocol') === undefined) {
    return openTunnel(target, sent, add);
  }
  const socket = ownValue(session, 'socket');
  const reader = readerOf(socket) ?? (isConnectedByNode ? target.connectedHost : undefined);
  const call = openCall(openSpan, target, sent, reader);
  if (call !== undefined) add(call.headers);
  return call;
}

/** grpc-js: the metadata of a call carry its trace. Other clients of gRPC send nothing themselves. */
function isGrpc(sent: CopiedHeaders): boolean {
  return sent.get('user-agent')?.includes('grpc-node-js/') === true;
}

function targetOfCall(session: ClientHttp2Session, sent: CopiedHeaders): Target | undefined {
  const peer = peerOfSession(session);
  if (peer === undefined) return undefined;
  const method = sent.get(':method') ?? 'GET';
  const path = (sent.get(':path') ?? '/').replace(/[?#].*$/s, '');
  const authority = sent.get(':authority') ?? sent.get('host');
  const isOther = authority !== undefined && hostIn(authority) !== peer.host;
  return {
    ...peer,
    method,
    path,
    connectedHost: peer.host,
    isProxied: false,
    hostHeader: isOther ? authority : undefined,
  };
}

/** What the session was made for, as in `localhost:8443`. */
function peerOfSession(session: ClientHttp2Session): Peer | undefined {
  const authority = ownValue(session, 'authority');
  const parts = typeof authority === 'string' ? /^(.*):(\d+)$/.exec(authority) : null;
  if (parts === null) {
    REQUEST.unsupported('a session has no authority');
    return undefined;
  }
  const host = hostName(parts[1]!);
  const port = Number(parts[2]);
  const name = host.includes(':') ? `[${host}]` : host;
  const protocol = String(ownValue(session, 'protocol'));
  const usual = DEFAULT_PORTS.get(protocol);
  const scheme = protocol.slice(0, -1);
  return { scheme, authority: port === usual ? name : `${name}:${port}`, host, port };
}

function ownValue(session: object, description: string): unknown {
  const key = symbolOf(session, description);
  return key && valueOf(session, key);
}

/** Sends a call, and ends its span with the stream. */
function follow({ span, trace }: ClientCall, send: () => ClientHttp2Stream): ClientHttp2Stream {
  let stream: ClientHttp2Stream;
  try {
    stream = send();
  } catch (error) {
    span?.fail(error);
    throw error;
  }
  let status: number | undefined;
  stream.once('response', (headers: IncomingHttpHeaders & { ':status'?: number }) => {
    status = headers[':status'];
    trace.metadata.noteAnswer?.(trace.policy.responseHeaders, (name) => {
      const value = headers[name];
      return typeof value === 'string' ? value : undefined;
    });
  });
  if (span === undefined) return stream;
  // The listener does not keep an error from the caller's own, or from the process.
  stream.once(errorMonitor, (error) => endCall(span, status, error));
  stream.once('close', () => endCall(span, status, stream.errored ?? undefined));
  return stream;
}
