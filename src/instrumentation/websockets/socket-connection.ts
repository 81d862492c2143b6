import type { IncomingMessage } from 'node:http';
import { Subscription } from 'rxjs';
import { openStore, runInStore, type TraceStore } from '../../context/trace-store.js';
import type { TracedApplication } from '../../context/unit-of-work.js';
import type { Trace } from '../../trace/trace.js';

const CONNECTION = Symbol.for('nestjs-tracing.v1.connection');
const HANDSHAKE_TRACE = Symbol.for('nestjs-tracing.v1.handshake-trace');

/** A connected client, whatever its platform makes of it: a `WebSocket`, a socket.io `Socket`. */
export interface SocketClient {
  /** socket.io: the HTTP request that the connection began with. */
  readonly request?: unknown;
  [CONNECTION]?: SocketConnection;
}

type Handshake = IncomingMessage & { [HANDSHAKE_TRACE]?: Trace };

/** What a platform that has no HTTP request to show began with. */
const NO_HANDSHAKE = Object.freeze({ headers: {}, rawHeaders: [], url: '' });

/** A client's connection: its trace, which each of its messages is part of. */
export class SocketConnection {
  /** Its messages that are at work. */
  readonly messages = new Subscription();
  private readonly store: TraceStore;

  constructor(
    readonly trace: Trace,
    /** As in `socket.io`. */
    readonly transport: string,
  ) {
    this.store = openStore(trace, false);
  }

  /** Runs a function in its context. What a user keeps in the store is there the next time. */
  run<T>(fn: () => T): T {
    return runInStore(this.store, fn);
  }

  /** Ends what is still at work: nobody waits for it any longer. */
  close(): void {
    this.messages.unsubscribe();
  }
}

/**
 * The connection of a client, which is opened the first time: each gateway on a server is told of
 * the same client.
 *
 * @param request what the platform gives beside the client: `ws` gives the HTTP request.
 */
export function openSocket(
  host: TracedApplication,
  client: SocketClient,
  request: unknown,
): SocketConnection {
  return (client[CONNECTION] ??= connect(host, client, request));
}

/** The connection of a client, or of none if that is something else. */
export function connectionOf(client: unknown): SocketConnection | undefined {
  return (client as SocketClient | null | undefined)?.[CONNECTION];
}

function connect(
  host: TracedApplication,
  client: SocketClient,
  request: unknown,
): SocketConnection {
  const transport = 'handshake' in client ? 'socket.io' : 'ws';
  const handshake = [request, client.request].find(isHandshake);
  if (handshake === undefined) {
    const trace = host.openConnection(NO_HANDSHAKE as unknown as IncomingMessage, transport);
    return new SocketConnection(trace, transport);
  }
  // The namespaces of socket.io are several clients on one connection.
  handshake[HANDSHAKE_TRACE] ??= host.openConnection(handshake, transport);
  return new SocketConnection(handshake[HANDSHAKE_TRACE], transport);
}

function isHandshake(value: unknown): value is Handshake {
  const { headers, rawHeaders } = Object(value) as Partial<IncomingMessage>;
  return typeof headers === 'object' && headers !== null && Array.isArray(rawHeaders);
}
