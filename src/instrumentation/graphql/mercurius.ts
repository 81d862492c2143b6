import type { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { types } from 'node:util';
import { currentTrace } from '../../context/active-trace.js';
import type { TracedApplication } from '../../context/traced-application.js';
import { definePatch } from '../patch.js';
import { GraphqlConnection } from './graphql-connection.js';
import { loadOptional } from '../load-optional.js';
import { noteErrors } from './operation-errors.js';

type ErrorFormatter = (execution: unknown, context: unknown) => unknown;
type OnConnect = (this: Connection, init: { payload?: unknown }) => unknown;

/** The options of a Mercurius driver of NestJS. */
export interface MercuriusOptions {
  readonly subscription?: boolean | { onConnect?: OnConnect };
  readonly errorFormatter?: ErrorFormatter;
}

/** The object that Mercurius has for each socket, and calls `onConnect` on. */
interface Connection {
  readonly context?: { readonly request?: { readonly raw?: IncomingMessage } };
  readonly socket?: EventEmitter & { readonly protocol?: string; readonly readyState: number };
  handleGQLStart?(message: Message): unknown;
  handleGQLStop?(message: Message): unknown;
}

interface Message {
  readonly id?: unknown;
}

const START = definePatch({
  package: 'mercurius',
  target: 'SubscriptionConnection.handleGQLStart',
  gives: 'a context and a line for each operation that comes over a WebSocket',
  without: 'GraphQL operations over WebSockets are not traced',
  why: 'Mercurius has hooks before and after an operation, and none around it',
});

const STOP = definePatch({
  package: 'mercurius',
  target: 'SubscriptionConnection.handleGQLStop',
  gives: 'the end of a subscription when its client stops it',
  without: 'a subscription that waits for an event ends only when its socket closes',
  why: 'the hook at the end of a subscription is not given its connection',
});

// https://websockets.spec.whatwg.org/#dom-websocket-open
const OPEN = 1;

/** By Mercurius' connection. Without a value where the connection has another shape. */
const connections = new WeakMap<Connection, GraphqlConnection | undefined>();

/**
 * Gives each operation that comes over a socket of Mercurius a context and an access log line of
 * its own. `onConnect` is where Mercurius hands over its connection, whose methods are wrapped.
 */
export function traceSubscriptions<T extends MercuriusOptions>(
  application: TracedApplication,
  options: T,
): T {
  const { subscription } = options;
  if (!subscription) return options;
  const given = subscription === true ? {} : subscription;
  const onConnect: OnConnect = function (init) {
    const connection = connectionOf(application, this, init.payload);
    const connect = (): unknown =>
      given.onConnect === undefined ? true : given.onConnect.call(this, init);
    return connection === undefined ? connect() : connection.run(connect);
  };
  return { ...options, subscription: { ...given, onConnect } };
}

/**
 * Listens to the errors of all operations, over HTTP and over sockets. Mercurius has hooks for
 * results, but by then the errors are what the client is sent: without what was thrown.
 */
export async function traceErrors<T extends MercuriusOptions>(options: T): Promise<T> {
  const mercurius = await loadOptional('mercurius', () => import('mercurius'));
  const format: unknown = options.errorFormatter ?? mercurius?.default.defaultErrorFormatter;
  if (typeof format !== 'function') return options;
  const errorFormatter: ErrorFormatter = (execution, context) => {
    noteErrors(currentTrace(), Object(execution).errors);
    return (format as ErrorFormatter)(execution, context);
  };
  return { ...options, errorFormatter };
}

/** Mercurius calls `onConnect` again for each message that brings parameters of its own. */
function connectionOf(
  application: TracedApplication,
  target: Connection,
  params: unknown,
): GraphqlConnection | undefined {
  if (!connections.has(target)) {
    connections.set(target, traceConnection(application, target, params));
  }
  return connections.get(target);
}

function traceConnection(
  application: TracedApplication,
  target: Connection,
  params: unknown,
): GraphqlConnection | undefined {
  const socket = START.read('socket', () => target.socket);
  const request = START.read('context.request.raw', () => target.context?.request?.raw);
  if (socket === undefined || request === undefined) return undefined;
  const connection = new GraphqlConnection(application, {
    transport: socket.protocol || 'graphql-ws',
    request,
    upgrade: currentTrace(),
    params,
    isOpen: () => socket.readyState === OPEN,
  });
  traceOperations(target, connection);
  socket.once('close', () => connection.close());
  return connection;
}

function traceOperations(target: Connection, connection: GraphqlConnection): void {
  START.methodOfInstance(target, 'handleGQLStart', (handleGQLStart) => (message) => {
    const operation = connection.begin(message.id);
    const end = (): void => operation.end();
    const result: unknown = operation.run(() => handleGQLStart.call(target, message));
    if (types.isPromise(result)) result.then(end, end);
    else end();
    return result;
  });
  // A stream that waits for its next event may end only when that event comes.
  STOP.methodOfInstance(target, 'handleGQLStop', (handleGQLStop) => (message) => {
    const operation = connection.operation(message.id);
    const stop = (): unknown => handleGQLStop.call(target, message);
    if (operation === undefined) return stop();
    const result = operation.run(stop);
    operation.end();
    return result;
  });
}
