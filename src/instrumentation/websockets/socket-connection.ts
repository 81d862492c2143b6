import type { IncomingMessage } from 'node:http';
import type { Subscription } from 'rxjs';
import { runInSnapshot, type TraceSnapshot } from '../../context/trace-store.js';
import { openUserStore } from '../../context/user-store.js';
import type { TracedApplication } from '../../context/traced-application.js';
import type { Trace } from '../../trace/trace.js';
import { OpenWork } from '../open-work.js';

/** A connected client as its platform represents it: a `WebSocket`, a socket.io `Socket`. */
interface SocketClient {
  /** socket.io: the HTTP request that the connection began with. */
  readonly request?: unknown;
}

/** By client. */
const connections = new WeakMap<object, SocketConnection>();
/** By the HTTP request that a connection began with. */
const handshakeTraces = new WeakMap<IncomingMessage, Trace>();

/** For platforms that do not show the HTTP request that a connection began with. */
const NO_HANDSHAKE = Object.freeze({ headers: {}, rawHeaders: [], url: '' });

/** The connection of a client: its trace, which each of its messages is part of. */
export class SocketConnection {
  /** Its messages that have not ended. */
  private readonly messages = new OpenWork<Subscription, Subscription>((message) =>
    message.unsubscribe(),
  );
  private isClosed = false;
  private readonly context: TraceSnapshot;

  constructor(
    readonly trace: Trace,
    /** As in `socket.io`. */
    readonly transport: string,
  ) {
    this.context = { trace, store: openUserStore(trace) };
  }

  /** Runs a function in its context. What a user puts into the store stays for the next call. */
  run<T>(fn: () => T): T {
    return runInSnapshot(this.context, fn);
  }

  /** Ends the messages that have not ended: their client has disconnected. */
  close(): void {
    this.isClosed = true;
    for (const message of this.messages.all) message.unsubscribe();
  }

  /** Follows a message until it ends, or the client disconnects. */
  follow(message: Subscription): void {
    if (this.isClosed) return message.unsubscribe();
    this.messages.add(message, message);
    message.add(() => this.messages.take(message));
  }
}

/**
 * The connection of a client, opened by the first gateway of its server: NestJS announces a client
 * to each of them.
 *
 * @param request what the platform gives beside the client: for `ws` the HTTP request.
 */
export function openConnection(
  application: TracedApplication,
  client: unknown,
  request: unknown,
): SocketConnection | undefined {
  if (typeof client !== 'object' || client === null) return undefined;
  let connection = connections.get(client);
  if (connection === undefined) {
    connection = connect(application, client, request);
    connections.set(client, connection);
  }
  return connection;
}

/** The connection of a client that has been announced. */
export function connectionOf(client: object): SocketConnection | undefined {
  return connections.get(client);
}

function connect(
  application: TracedApplication,
  client: SocketClient,
  request: unknown,
): SocketConnection {
  const transport = 'handshake' in client ? 'socket.io' : 'ws';
  const handshake = [request, client.request].find(isHandshake);
  if (handshake === undefined) {
    const trace = application.openConnection(NO_HANDSHAKE as unknown as IncomingMessage, transport);
    return new SocketConnection(trace, transport);
  }
  // The namespaces of socket.io are several clients on one connection.
  let trace = handshakeTraces.get(handshake);
  if (trace === undefined) {
    trace = application.openConnection(handshake, transport);
    handshakeTraces.set(handshake, trace);
  }
  return new SocketConnection(trace, transport);
}

function isHandshake(value: unknown): value is IncomingMessage {
  const { headers, rawHeaders } = Object(value) as Partial<IncomingMessage>;
  return typeof headers === 'object' && headers !== null && Array.isArray(rawHeaders);
}
