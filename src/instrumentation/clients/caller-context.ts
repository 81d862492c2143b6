import { AsyncResource } from 'node:async_hooks';
import { active } from '../../context/active-trace.js';

/**
 * Makes a callback come back in the context of the code that passes it, with all of its
 * storages: a driver calls it from whatever its connection or its pool does at that time, which may
 * be another request. Everything that is no function is returned as it is, and so is every callback
 * where no trace is active.
 *
 * @example
 * connect.call(this, inCallersContext(callback));
 */
export function inCallersContext<T>(callback: T): T {
  if (typeof callback !== 'function' || active.getStore() === undefined) return callback;
  const context = new AsyncResource('nestjs-tracing.client', { requireManualDestroy: true });
  const bound = function (this: unknown, ...args: unknown[]): unknown {
    return context.runInAsyncScope(callback as unknown as Callback, this, ...args);
  };
  return bound as T;
}

type Callback = (this: unknown, ...args: unknown[]) => unknown;
