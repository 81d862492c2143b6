import type { WebSocketAdapter, WsMessageHandler } from '@nestjs/common';
import type { TracedApplication } from '../../context/traced-application.js';
import { handlerName } from './gateway-handler-names.js';
import { connectionOf, openConnection, type SocketConnection } from './socket-connection.js';
import { SocketMessage } from './socket-message.js';

/** A WebSocket adapter, whatever its server and its clients are. */
export type Adapter = WebSocketAdapter<unknown, object, unknown>;

type BindClientConnect = Adapter['bindClientConnect'];
type BindClientDisconnect = NonNullable<Adapter['bindClientDisconnect']>;
type BindMessageHandlers = Adapter['bindMessageHandlers'];

/** What an adapter calls for each client that connects. `ws` adds the HTTP request. */
type OnConnect = (client: object, ...args: unknown[]) => unknown;
type OnDisconnect = (...args: unknown[]) => unknown;

/**
 * An adapter that runs what NestJS binds to a client in the context of the client's connection, and
 * each message in one of its own. In everything else it is the adapter that it wraps: its methods
 * run on that one, so that private fields work, and `instanceof` says the same.
 */
export function tracedAdapter(application: TracedApplication, adapter: Adapter): Adapter {
  return new Proxy(adapter, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function' || name === 'constructor') return value;
      const method = value.bind(target) as unknown;
      switch (name) {
        case 'bindClientConnect':
          return traceConnect(application, method as BindClientConnect);
        case 'bindClientDisconnect':
          return traceDisconnect(method as BindClientDisconnect);
        case 'bindMessageHandlers':
          return traceMessages(application, method as BindMessageHandlers);
        default:
          return method;
      }
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}

/** NestJS binds the messages and the disconnect of a client while it handles the connect. */
function traceConnect(application: TracedApplication, bind: BindClientConnect): BindClientConnect {
  return (server, onConnect) => {
    const inContext: OnConnect = (client, ...args) => {
      const connect = (): unknown => (onConnect as OnConnect)(client, ...args);
      const connection = openConnection(application, client, args[0]);
      return connection === undefined ? connect() : connection.run(connect);
    };
    return bind(server, inContext);
  };
}

function traceDisconnect(bind: BindClientDisconnect): BindClientDisconnect {
  return (client, onDisconnect) => {
    const inContext: OnDisconnect = (...args) => {
      const disconnect = (): unknown => (onDisconnect as OnDisconnect)(...args);
      const connection = connectionOf(client);
      if (connection === undefined) return disconnect();
      connection.close();
      return connection.run(disconnect);
    };
    return bind(client, inContext);
  };
}

function traceMessages(
  application: TracedApplication,
  bind: BindMessageHandlers,
): BindMessageHandlers {
  return (client, handlers, transform) => {
    const connection = connectionOf(client);
    if (connection === undefined) return bind(client, handlers, transform);
    const traced = handlers.map((handler, index) =>
      tracedHandler(application, connection, handler, handlerName(handler, index)),
    );
    return bind(client, traced, transform);
  };
}

function tracedHandler(
  application: TracedApplication,
  connection: SocketConnection,
  handler: WsMessageHandler,
  name: string | undefined,
): WsMessageHandler {
  const { callback, message } = handler;
  const { transport, trace } = connection;
  const work = {
    kind: 'message',
    transport,
    parent: trace,
    hasOwnRequestId: true,
    handler: name,
    fields: { pattern: patternText(message) },
  } as const;
  return {
    ...handler,
    callback: (...args: unknown[]) => {
      const handle = (): unknown => callback(...args);
      const answer = connection.run(() => SocketMessage.run(application, connection, work, handle));
      return answer as ReturnType<typeof callback>;
    },
  };
}

/** What a handler subscribes to, which is text in most applications, and may be any value. */
function patternText(message: unknown): string {
  if (typeof message === 'string') return message;
  try {
    return JSON.stringify(message) ?? String(message);
  } catch {
    // A value that JSON has no form for.
    return String(message);
  }
}
