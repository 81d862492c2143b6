import type { WsMessageHandler } from '@nestjs/common';
import { sharedState } from '../../records/shared-state.js';
import { definePatch } from '../patch.js';

const NAMES = definePatch({
  package: '@nestjs/websockets',
  target: 'WebSocketsController.prototype.subscribeMessages',
  gives: 'the gateway and the method that a message goes to, before its guards run',
  without:
    'the lines of WebSocket messages that guards refuse do not name their handlers, nor do any ' +
    'where `interceptor` is off',
  why:
    'a WebSocket adapter is given the handlers of a gateway as anonymous functions, without the ' +
    'gateway, and NestJS connects gateways in an order that depends on the adapter',
});

/** What NestJS binds the messages of a client with. */
interface WebSocketsController {
  subscribeMessages(
    subscribers: readonly Subscriber[],
    client: unknown,
    gateway: object,
    ...rest: unknown[]
  ): unknown;
}

/** A handler of a gateway as NestJS keeps it. */
interface Subscriber {
  readonly message: unknown;
  readonly methodName: unknown;
}

interface Binding {
  readonly gateway: object;
  readonly subscribers: readonly Subscriber[];
}

// Shared by all copies of one release: one of them makes the change, the other one may read this.
const state = sharedState('websocket-binding', () => ({
  /** The gateway whose handlers are being bound to a client. */
  current: undefined as Binding | undefined,
}));

/** Notes whose handlers NestJS is binding while it calls the adapter. */
export async function noteHandlerNames(): Promise<void> {
  const found = await NAMES.load(() => import('@nestjs/websockets/web-sockets-controller.js'));
  if (found === undefined) return;
  const prototype = NAMES.read(
    'WebSocketsController',
    () => found.WebSocketsController.prototype as unknown as WebSocketsController,
  );
  if (prototype === undefined) return;
  NAMES.method(
    prototype,
    'subscribeMessages',
    (subscribeMessages) =>
      function (this: WebSocketsController, subscribers, client, gateway, ...rest) {
        const outer = state.current;
        state.current = { gateway, subscribers };
        try {
          return subscribeMessages.call(this, subscribers, client, gateway, ...rest);
        } finally {
          state.current = outer;
        }
      },
  );
}

/**
 * The name of a handler that is being bound, as in `ChatGateway.say`.
 *
 * @param index its place among the handlers that NestJS gives to the adapter.
 */
export function handlerName({ message }: WsMessageHandler, index: number): string | undefined {
  const { current } = state;
  if (current === undefined) return undefined;
  return NAMES.read('methodName', () => {
    const subscriber = current.subscribers[index];
    if (subscriber?.message !== message || typeof subscriber.methodName !== 'string') {
      return undefined;
    }
    return `${current.gateway.constructor.name}.${subscriber.methodName}`;
  });
}
