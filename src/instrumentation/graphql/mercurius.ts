import type { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { currentTrace } from '../../context/trace-store.js';
import type { TracedApplication } from '../../context/unit-of-work.js';
import { GraphqlConnection } from './connection.js';
import { countErrors } from './errors.js';
import type { SocketOperation } from './operation.js';

type OnConnect = (this: Connection, init: { payload?: unknown }) => unknown;

/** The options of a Mercurius driver of NestJS. */
export interface MercuriusOptions {
  readonly subscription?: boolean | { onConnect?: OnConnect };
}

/** What Mercurius adds to the Fastify instance. */
interface Decorated {
  readonly graphql?: {
    addHook?(name: string, hook: (result: { errors?: unknown }) => Promise<void>): void;
  };
}

/** Mercurius' side of a socket, which is what it calls `onConnect` on. */
interface Connection {
  readonly context?: { readonly request?: { readonly raw?: IncomingMessage } };
  readonly socket?: EventEmitter & { readonly protocol?: string; readonly readyState: number };
  handleGQLStart?(message: Message): Promise<unknown>;
  handleGQLStop?(message: Message): unknown;
  [TRACED]?: GraphqlConnection | undefined;
}

interface Message {
  readonly id?: unknown;
}

const TRACED = Symbol.for('nestjs-tracing.v1.mercurius-connection');
// https://websockets.spec.whatwg.org/#dom-websocket-open
const OPEN = 1;

/**
 * Makes every operation that comes over a socket of Mercurius a piece of work of its own. Mercurius
 * has hooks before and after an operation, and none around it; so each connection's own method that
 * handles one is wrapped.
 */
export function traceSubscriptions<T extends MercuriusOptions>(
  host: TracedApplication,
  options: T,
): T {
  const { subscription } = options;
  if (!subscription) return options;
  const given = subscription === true ? {} : subscription;
  const onConnect: OnConnect = function (init) {
    // Asked again for each message that brings parameters of its own.
    const connection = (this[TRACED] ??= traceConnection(host, this, init.payload));
    const connect = (): unknown =>
      given.onConnect === undefined ? true : given.onConnect.call(this, init);
    return connection === undefined ? connect() : connection.run(connect);
  };
  return { ...options, subscription: { ...given, onConnect } };
}

/** Listens to the results of all operations, over HTTP and over sockets. */
export function countErrorsOfMercurius(instance: unknown): void {
  const { graphql } = Object(instance) as Decorated;
  const count = ({ errors }: { errors?: unknown }): Promise<void> => {
    countErrors(currentTrace(), errors);
    return Promise.resolve();
  };
  for (const name of ['onResolution', 'onSubscriptionResolution']) graphql?.addHook?.(name, count);
}

function traceConnection(
  host: TracedApplication,
  target: Connection,
  params: unknown,
): GraphqlConnection | undefined {
  const { socket, context, handleGQLStart, handleGQLStop } = target;
  const request = context?.request?.raw;
  if (!socket || !request || !handleGQLStart) return undefined;
  const connection = new GraphqlConnection(host, {
    transport: socket.protocol || 'graphql-ws',
    request,
    upgrade: currentTrace(),
    params,
    isOpen: () => socket.readyState === OPEN,
  });
  const operations = new Map<unknown, SocketOperation>();
  target.handleGQLStart = (message) => {
    const operation = connection.begin();
    operations.set(message.id, operation);
    const end = (): void => {
      operation.end();
      if (operations.get(message.id) === operation) operations.delete(message.id);
    };
    const result = operation.run(() => handleGQLStart.call(target, message));
    result.then(end, end);
    return result;
  };
  // A stream that waits for its next event may not notice that nobody waits for that any more.
  target.handleGQLStop = (message) => {
    const operation = operations.get(message.id);
    const stop = (): unknown => handleGQLStop?.call(target, message);
    if (operation === undefined) return stop();
    const result = operation.run(stop);
    operation.end();
    return result;
  };
  socket.once('close', () => connection.close());
  return connection;
}
