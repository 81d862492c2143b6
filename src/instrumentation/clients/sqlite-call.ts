import { originOfCall, type ClientCall } from '../../spans/client-call.js';
import type { Patch } from '../patch.js';
import { isWrappedBySdk } from './sdk-wrapper.js';
import type { Callback } from './settled-callbacks.js';
import { openSqlCall } from './sql-call.js';

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

/** The methods that run a statement. */
const RUNNING = ['run', 'get', 'all', 'iterate'] as const;

/** Makes a step of each call of `run`, `get`, `all` and `iterate` of a class of statements. */
export function traceRunning(patch: Patch, prototype: object | undefined, textOf: TextOf): void {
  const methods = prototype as Record<string, Callback> | undefined;
  for (const name of RUNNING) {
    patch.method(methods, name, (method) => tracedCall(method as Callback, name, textOf));
  }
}

/** The same for one object that has a class of its own. */
export function traceRunningOf(patch: Patch, object: object, textOf: TextOf): void {
  const methods = object as Record<string, Callback>;
  for (const name of RUNNING) {
    patch.methodOfInstance(methods, name, (method) => tracedCall(method as Callback, name, textOf));
  }
}

/**
 * A method that makes a step of each of its calls.
 *
 * @param textOf finds the text of a statement without its values.
 */
export function tracedCall(method: Callback, name: string, textOf: TextOf): Callback {
  return function (...args) {
    const origin = isInside ? undefined : originOfCall('databases');
    const target = this as Record<string, unknown>;
    if (origin === undefined || isWrappedBySdk(target[name])) return method.apply(this, args);
    const call = openSqlCall(origin, 'sqlite', textOf(target, args));
    let result: unknown;
    isInside = true;
    try {
      // Here, and not in a function of its own: each takes one of the frames of an error's stack.
      result = method.apply(this, args);
    } catch (error) {
      call.fail(error);
      throw error;
    } finally {
      isInside = false;
    }
    if (name === 'iterate' && isIterator(result)) followRows(result, call);
    else call.end();
    return result;
  };
}

/**
 * A `prepare` that makes a step of a statement that cannot be prepared, as its text is wrong. One
 * that can is a step when it runs.
 */
export function tracedPrepare(
  prepare: Callback,
  onPrepared?: (statement: object, text: unknown) => void,
): Callback {
  return function (...args) {
    try {
      const statement = prepare.apply(this, args);
      onPrepared?.(Object(statement) as object, args[0]);
      return statement;
    } catch (error) {
      const origin = isInside ? undefined : originOfCall('databases');
      if (origin !== undefined && !isWrappedBySdk((this as { prepare?: unknown }).prepare)) {
        openSqlCall(origin, 'sqlite', args[0]).fail(error);
      }
      throw error;
    }
  };
}

function isIterator(value: unknown): value is RowIterator {
  return typeof (value as RowIterator | null | undefined)?.next === 'function';
}

/** Ends a call with its rows: when the last one is read, or the reader stops. */
function followRows(rows: RowIterator, call: ClientCall): void {
  const { next, return: stop } = rows;
  replace(rows, 'next', function (...args) {
    try {
      const result = next.apply(this, args);
      if ((result as IteratorResult<unknown>).done) call.end();
      return result;
    } catch (error) {
      call.fail(error);
      throw error;
    }
  });
  replace(rows, 'return', function (...args) {
    call.end();
    return stop === undefined ? { done: true, value: args[0] } : stop.apply(this, args);
  });
}

function replace(rows: RowIterator, name: keyof RowIterator, value: Callback): void {
  Object.defineProperty(rows, name, { value, configurable: true, writable: true });
}
