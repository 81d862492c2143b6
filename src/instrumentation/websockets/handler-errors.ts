import { AsyncLocalStorage } from 'node:async_hooks';
import { isObservable, Observable } from 'rxjs';
import { definePatch } from '../patch.js';
import { currentMessage, type SocketMessage } from './socket-message.js';

const ERRORS = definePatch({
  package: '@nestjs/websockets',
  target: 'WsProxy.prototype.create',
  gives: 'the outcome `errored`, and the error, of a message whose handler or guard threw',
  without: 'WebSocket messages that fail are logged as completed',
  why:
    'NestJS hands an error to the exception filters before the adapter sees the result, and an ' +
    'interceptor does not see the errors of guards',
});

type Handler = (...args: unknown[]) => unknown;

/** What NestJS wraps a handler in, together with its guards, pipes and interceptors. */
interface WsProxy {
  /** Makes a handler that does not fail: what is thrown goes to the exception filters. */
  create(handler: Handler, ...rest: unknown[]): Handler;
}

/** Notes the error of a message before an exception filter answers it. */
export async function noteHandlerErrors(): Promise<void> {
  const found = await ERRORS.load(() => import('@nestjs/websockets/context/ws-proxy.js'));
  if (found === undefined) return;
  const prototype = ERRORS.read('WsProxy', () => found.WsProxy.prototype as WsProxy);
  if (prototype === undefined) return;
  ERRORS.method(
    prototype,
    'create',
    (create) =>
      function (this: WsProxy, handler, ...rest) {
        if (typeof handler !== 'function') {
          ERRORS.unsupported('it is not given a handler');
          return create.call(this, handler, ...rest);
        }
        const noting: Handler = (...args) => {
          const message = currentMessage();
          const result = handler(...args);
          return message === undefined ? result : noteErrorsOf(message, result);
        };
        return create.call(this, noting, ...rest);
      },
  );
}

async function noteErrorsOf(message: SocketMessage, result: unknown): Promise<unknown> {
  try {
    const value = await result;
    return isObservable(value) ? noteErrorOfObservable(message, value) : value;
  } catch (error) {
    message.fail(error);
    throw error;
  }
}

function noteErrorOfObservable(
  message: SocketMessage,
  source: Observable<unknown>,
): Observable<unknown> {
  // A shared subject fails in the context of the code that feeds it. The filter has to run in that
  // of the message.
  const inContext = AsyncLocalStorage.snapshot();
  return new Observable((subscriber) =>
    source.subscribe({
      next: (value) => subscriber.next(value),
      error: (error: unknown) => {
        message.fail(error);
        inContext(() => subscriber.error(error));
      },
      complete: () => subscriber.complete(),
    }),
  );
}
