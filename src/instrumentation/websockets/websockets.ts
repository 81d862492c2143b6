import type { ModulesContainer } from '@nestjs/core';
import type { TracedApplication } from '../../context/unit-of-work.js';
import { loadOptional } from '../load-optional.js';
import { connectionOf, openSocket, type SocketClient } from './socket-connection.js';
import { noteErrors, type WsProxy } from './socket-errors.js';
import { SocketMessage } from './socket-message.js';
import { applicationOf } from '../instrumented-applications.js';

/** What NestJS connects gateways with, whichever adapter is in use. */
interface WebSocketsController {
  readonly contextCreator?: {
    readonly exceptionFiltersContext?: {
      readonly container?: { getModules(): ModulesContainer };
    };
  };
  getConnectionHandler: GetConnectionHandler;
}

/** Called once for each gateway. What it returns is called for each client. */
type GetConnectionHandler = (
  this: WebSocketsController,
  controller: WebSocketsController,
  gateway: object,
  handlers: readonly MessageHandler[],
  disconnect: Disconnect,
  ...rest: unknown[]
) => OnConnection;

type OnConnection = (client: SocketClient, ...args: unknown[]) => void;

interface MessageHandler {
  readonly message: unknown;
  readonly methodName: string;
  readonly callback: (this: unknown, client: SocketClient, ...args: unknown[]) => unknown;
}

/** A subject, which is told of each client that has left. */
interface Disconnect {
  next(client: unknown): void;
}

const TRACED = Symbol.for('nestjs-tracing.v1.websockets');

/** Readies `@nestjs/websockets` to run what gateways do in the contexts of their connections. */
export async function prepareWebSockets(): Promise<void> {
  const found = await loadOptional('@nestjs/websockets', async () => ({
    ...(await import('@nestjs/websockets/web-sockets-controller.js')),
    ...(await import('@nestjs/websockets/context/ws-proxy.js')),
  }));
  if (found === undefined) return;
  const controller = found.WebSocketsController.prototype as unknown as WebSocketsController;
  if (TRACED in controller) return;
  Object.defineProperty(controller, TRACED, { value: true });
  traceConnections(controller);
  noteErrors(found.WsProxy.prototype as WsProxy);
}

function traceConnections(prototype: WebSocketsController): void {
  const { getConnectionHandler } = prototype;
  prototype.getConnectionHandler = function (controller, gateway, handlers, disconnect, ...rest) {
    const modules = this.contextCreator?.exceptionFiltersContext?.container?.getModules();
    const host = modules === undefined ? undefined : applicationOf(modules);
    if (host === undefined) {
      return getConnectionHandler.call(this, controller, gateway, handlers, disconnect, ...rest);
    }
    const onConnection = getConnectionHandler.call(
      this,
      controller,
      gateway,
      handlers.map((handler) => tracedHandler(host, gateway, handler)),
      tracedDisconnect(disconnect),
      ...rest,
    );
    return (client, ...args) =>
      openSocket(host, client, args[0]).run(() => onConnection(client, ...args));
  };
}

function tracedHandler(
  host: TracedApplication,
  gateway: object,
  handler: MessageHandler,
): MessageHandler {
  const { callback, message, methodName } = handler;
  const fields = { pattern: typeof message === 'string' ? message : JSON.stringify(message) };
  const name = `${gateway.constructor.name}.${methodName}`;
  return {
    ...handler,
    callback(client, ...args) {
      const handle = (): unknown => callback.call(this, client, ...args);
      const connection = connectionOf(client);
      if (connection === undefined) return handle();
      const { transport, trace: parent } = connection;
      return connection.run(() =>
        SocketMessage.run(
          host,
          connection,
          { kind: 'message', transport, parent, hasOwnRequestId: true, handler: name, fields },
          handle,
        ),
      );
    },
  };
}

function tracedDisconnect(disconnect: Disconnect): Disconnect {
  const next = (left: unknown): void => {
    // NestJS 12 tells the reason beside the client.
    const connection =
      connectionOf(left) ?? connectionOf((left as { client?: unknown } | undefined)?.client);
    if (connection === undefined) return disconnect.next(left);
    connection.close();
    connection.run(() => disconnect.next(left));
  };
  return Object.create(disconnect, { next: { value: next } }) as Disconnect;
}
