import { AsyncLocalStorage } from 'node:async_hooks';
import { isObservable, Observable } from 'rxjs';
import { currentMessage, type SocketMessage } from './socket-message.js';

type Handler = (...args: unknown[]) => unknown;

/** What NestJS wraps a handler in, its guards, pipes and interceptors included. */
export interface WsProxy {
  /** Makes a handler that never fails: what is thrown goes to the exception filters. */
  create(handler: Handler, ...rest: unknown[]): Handler;
}

/** Lets a message know of its error before a filter answers it: afterwards nobody can tell. */
export function noteErrors(prototype: WsProxy): void {
  const { create } = prototype;
  prototype.create = function (handler, ...rest) {
    const noting: Handler = (...args) => {
      const message = currentMessage();
      const result = handler(...args);
      return message === undefined ? result : noteErrorsOf(message, result);
    };
    return create.call(this, noting, ...rest);
  };
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
  // A subject that is shared fails in the context of whoever feeds it; the filter is the message's.
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
