import { AsyncResource } from 'node:async_hooks';
import type { ClientCall } from '../../spans/client-call.js';

/** What a driver calls when it has a result. */
export type Callback = (this: unknown, ...args: unknown[]) => unknown;

/** The async context of the code that calls a driver, with all of its storages. */
export function callerContext(): AsyncResource {
  // AsyncLocalStorage.snapshot() costs a hundred times as much on Node 20.
  return new AsyncResource('nestjs-tracing.call', { requireManualDestroy: true });
}

/**
 * A callback that runs in the context of the code that is running now. Drivers call it from the
 * `data` event of a socket, which many requests share.
 *
 * @param settle runs first, with what the driver has to say.
 */
export function settledCallback(callback: Callback, settle: (error: unknown) => void): Callback {
  const context = callerContext();
  return function (...args) {
    settle(args[0]);
    return context.runInAsyncScope(callback, this, ...args);
  };
}

/** Ends a call, as failed where there is an error: for callbacks that get the error first. */
export function settleCall(call: ClientCall | undefined, error: unknown): void {
  if (error) call?.fail(error);
  else call?.end();
}

/** What has events: a command, a request, a stream. */
export interface Emitter {
  emit(event: string | symbol, ...args: unknown[]): boolean;
}

/**
 * Emits the events of an object in the context of the code that is running now, until `stop` is
 * called. No listener is added: one for `error` would keep an error that is not handled from being
 * thrown.
 *
 * @param see sees each event first.
 * @returns `stop`.
 */
export function emitInCallerContext(
  emitter: Emitter,
  see?: (event: string | symbol, argument: unknown) => void,
): () => void {
  const { emit } = emitter;
  const context = callerContext();
  const own = Object.getOwnPropertyDescriptor(emitter, 'emit');
  const replacement: Emitter['emit'] = function (this: unknown, event, ...args) {
    see?.(event, args[0]);
    return context.runInAsyncScope(emit, this, event, ...args);
  };
  Object.defineProperty(emitter, 'emit', {
    value: replacement,
    configurable: true,
    writable: true,
    enumerable: own?.enumerable ?? false,
  });
  return () => {
    if (emitter.emit !== replacement) return;
    if (own === undefined) Reflect.deleteProperty(emitter, 'emit');
    else Object.defineProperty(emitter, 'emit', own);
  };
}

/** The prototype that has a method: the object itself, or one that it inherits from. */
export function ownerOf<T extends object>(start: T | undefined, method: keyof T): T | undefined {
  let owner: T | null | undefined = start;
  while (owner && !Object.hasOwn(owner, method)) owner = Object.getPrototypeOf(owner) as T | null;
  return owner ?? start;
}
