import { types } from 'node:util';
import { isObservable, type Observable } from 'rxjs';

/** A native promise. One of a subclass may be lazy, and run only when it is used. */
export function isPlainPromise(value: unknown): value is Promise<unknown> {
  return (
    types.isPromise(value) &&
    value.constructor?.name === 'Promise' &&
    Object.keys(value).length === 0
  );
}

/**
 * An observable that can only be subscribed to. A subject, or a class of the user's own, has other
 * members, which a wrapper would lose.
 */
export function isPlainObservable(value: unknown): value is Observable<unknown> {
  return holds(() => isObservable(value) && PLAIN_OBSERVABLES.has(value.constructor.name));
}

/** What `pipe` returns; for a subject it is an anonymous one. */
const PLAIN_OBSERVABLES = new Set(['Observable', 'AnonymousSubject']);

/** Whether `await` would call the value's `then`. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return holds(() => typeof (value as { then?: unknown } | null | undefined)?.then === 'function');
}

/** An async generator, or an object that behaves like one. */
export function isAsyncGenerator(
  value: unknown,
): value is AsyncGenerator<unknown, unknown, unknown> {
  const generator = value as Partial<AsyncGenerator> | null | undefined;
  return holds(
    () =>
      typeof generator?.next === 'function' &&
      typeof generator.return === 'function' &&
      typeof generator[Symbol.asyncIterator] === 'function',
  );
}

/** Some objects throw when a property that they do not have is read. */
function holds(test: () => boolean): boolean {
  try {
    return test();
  } catch {
    return false;
  }
}
