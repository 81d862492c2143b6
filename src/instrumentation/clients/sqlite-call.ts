import { openClientCall, originOfCall, type ClientCall } from '../../spans/client-call.js';
import type { Patch } from '../patch.js';
import { isWrappedBySdk } from './sdk-wrapper.js';
import type { Callback } from './settled-callbacks.js';
import { sqlCall } from './sql-call.js';

// SQLite runs in the process, so its calls are synchronous: they are recorded where they are made.

/** The text of what a method runs, from its object and its arguments. */
type TextOf = (target: object, args: readonly unknown[]) => unknown;

/** What `iterate` returns. */
interface RowIterator {
  next: Callback;
  return?: Callback;
}

/** Whether a method runs that is recorded: what it calls is its own work. */
let isInside = false;

/**
 * Makes a step of each call of these methods.
 *
 * @param textOf finds the text of a statement without its values.
 * @returns whether all of them are there.
 */
export function traceMethods(
  patch: Patch,
  owner: object | undefined,
  names: readonly string[],
  textOf: TextOf,
): boolean {
  const methods = owner as Record<string, Callback> | undefined;
  return names
    .map((name) =>
      patch.method(methods, name, (method) => traced(method as Callback, name, textOf)),
    )
    .every(Boolean);
}

function traced(method: Callback, name: string, textOf: TextOf): Callback {
  return function (...args) {
    const origin = isInside ? undefined : originOfCall('databases');
    const target = this as Record<string, unknown>;
    if (origin === undefined || isWrappedBySdk(target[name])) return method.apply(this, args);
    const start = sqlCall(origin, 'sqlite', textOf(target, args));
    const call = openClientCall(origin, 'databases', start);
    const result = runInside(method, target, args, call);
    if (name === 'iterate' && isIterator(result)) followRows(result, call);
    else call.end();
    return result;
  };
}

function runInside(
  method: Callback,
  target: unknown,
  args: unknown[],
  call: ClientCall,
): unknown {
  isInside = true;
  try {
    return method.apply(target, args);
  } catch (error) {
    call.fail(error);
    throw error;
  } finally {
    isInside = false;
  }
}

function isIterator(value: unknown): value is RowIterator {
  return typeof (value as RowIterator | null | undefined)?.next === 'function';
}

/** Ends a call with its rows: when the last one is read, or the reader stops. */
function followRows(rows: RowIterator, call: ClientCall): void {
  const { next, return: stop } = rows;
  replace(rows, 'next', function (...args) {
    const result = runInside(next, this, args, call);
    if ((result as IteratorResult<unknown>).done) call.end();
    return result;
  });
  replace(rows, 'return', function (...args) {
    try {
      return stop === undefined ? { done: true, value: args[0] } : stop.apply(this, args);
    } finally {
      call.end();
    }
  });
}

function replace(rows: RowIterator, name: keyof RowIterator, value: Callback): void {
  Object.defineProperty(rows, name, { value, configurable: true, writable: true });
}
