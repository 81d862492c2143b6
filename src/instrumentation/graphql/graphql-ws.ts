import type { IncomingMessage } from 'node:http';
import { types } from 'node:util';
import type { TracedApplication } from '../../context/traced-application.js';
import { GraphqlConnection } from './graphql-connection.js';
import type { SocketOperation } from './socket-operation.js';

type Callback = (...args: unknown[]) => unknown;

/** The options of `useServer` of graphql-ws that operations run through. */
export interface WsServerOptions {
  execute: Callback;
  subscribe: Callback;
  /** A value, or a function that makes one for each operation. */
  context?: unknown;
  onConnect?: Callback;
  onDisconnect?: Callback;
  onClose?: Callback;
  onSubscribe?: Callback;
  onOperation?: Callback;
  onNext?: Callback;
  onError?: Callback;
  onComplete?: Callback;
}

/** A connection, as graphql-ws hands it to every callback. */
interface SocketContext {
  readonly connectionParams?: unknown;
  readonly extra?: {
    readonly socket?: { readonly readyState: number };
    readonly request?: IncomingMessage;
  };
}

// https://websockets.spec.whatwg.org/#dom-websocket-open
const OPEN = 1;
/** The code that graphql-ws closes a socket with where a callback or the parser throws. */
const INTERNAL_ERROR = 4500;

/**
 * Gives each operation that comes over a socket of graphql-ws a context and an access log line of
 * its own: all callbacks for it run in its context. Each option holds one function, so ours calls
 * the user's.
 */
export function traceWsServer(
  application: TracedApplication,
  given: WsServerOptions,
): WsServerOptions {
  const connections = new WeakMap<object, GraphqlConnection>();
  // By an object that every callback receives: the message's payload, or GraphQL.js's arguments.
  const operations = new WeakMap<object, SocketOperation>();

  const inOperation = <T>(key: unknown, fn: () => T): T => {
    const operation = operations.get(key as object);
    return operation === undefined ? fn() : operation.run(fn);
  };
  const inConnection = <T>(context: unknown, fn: () => T): T => {
    const connection = connections.get(context as object);
    return connection === undefined ? fn() : connection.run(fn);
  };
  const run =
    (callback: Callback): Callback =>
    (args) =>
      inOperation(args, () => {
        const result = callback(args);
        const iterate = (value: unknown): unknown => keepIn(operations.get(args as object), value);
        return types.isPromise(result) ? result.then(iterate) : iterate(result);
      });

  return {
    ...given,
    onConnect(context) {
      const connection = openConnection(application, context as SocketContext);
      if (connection !== undefined) connections.set(context as object, connection);
      return inConnection(context, () => given.onConnect?.(context));
    },
    onDisconnect(context, ...args) {
      return inConnection(context, () => given.onDisconnect?.(context, ...args));
    },
    onClose(context, code, ...args) {
      connections.get(context as object)?.close(code === INTERNAL_ERROR);
      return inConnection(context, () => given.onClose?.(context, code, ...args));
    },
    async onSubscribe(context, id, payload) {
      const operation = connections.get(context as object)?.begin();
      if (operation !== undefined) operations.set(payload as object, operation);
      const result = await inOperation(payload, () => given.onSubscribe?.(context, id, payload));
      if (operation === undefined || Array.isArray(result) || !result) return result;
      // GraphQL.js's arguments, as a copy: a user may return the same ones for several operations.
      const args: unknown = Object.assign({}, result);
      operations.set(args as object, operation);
      return args;
    },
    context(context: unknown, id: unknown, payload: unknown, args: unknown) {
      const operation = operations.get(payload as object);
      if (operation !== undefined) operations.set(args as object, operation);
      const { context: value } = given;
      if (typeof value !== 'function') return value;
      return inOperation(payload, () => (value as Callback)(context, id, payload, args));
    },
    execute: run(given.execute),
    subscribe: run(given.subscribe),
    onOperation(context, id, payload, ...args) {
      return inOperation(payload, () => given.onOperation?.(context, id, payload, ...args));
    },
    onNext(context, id, payload, args, result) {
      operations.get(payload as object)?.noteErrors(Object(result).errors);
      return inOperation(payload, () => given.onNext?.(context, id, payload, args, result));
    },
    async onError(context, id, payload, errors) {
      operations.get(payload as object)?.noteErrors(errors);
      const fn = (): unknown => given.onError?.(context, id, payload, errors);
      const result = await inOperation(payload, fn);
      operations.get(payload as object)?.end();
      return result;
    },
    async onComplete(context, id, payload) {
      await inOperation(payload, () => given.onComplete?.(context, id, payload));
      operations.get(payload as object)?.end();
    },
  };
}

function openConnection(
  application: TracedApplication,
  { extra, connectionParams }: SocketContext,
): GraphqlConnection | undefined {
  const { socket, request } = extra ?? {};
  if (socket === undefined || request === undefined) return undefined;
  return new GraphqlConnection(application, {
    transport: 'graphql-ws',
    request,
    params: connectionParams,
    isOpen: () => socket.readyState === OPEN,
  });
}

/** Runs each step of a subscription in its operation's context, not in that of the publisher. */
function keepIn(operation: SocketOperation | undefined, result: unknown): unknown {
  if (operation === undefined || !isAsyncGenerator(result)) return result;
  return Object.create(result, {
    next: { value: () => operation.run(() => result.next()) },
    return: {
      value: (value: unknown) => {
        const returned = operation.run(() => result.return(value));
        // A stream that waits for its next event ends only when that event comes.
        operation.end();
        return returned;
      },
    },
    throw: { value: (error: unknown) => operation.run(() => result.throw(error)) },
    [Symbol.asyncIterator]: {
      value(this: unknown) {
        return this;
      },
    },
  });
}

function isAsyncGenerator(value: unknown): value is AsyncGenerator {
  const generator = value as Partial<AsyncGenerator> | null | undefined;
  return (
    typeof generator?.next === 'function' &&
    typeof generator.return === 'function' &&
    typeof generator[Symbol.asyncIterator] === 'function'
  );
}
