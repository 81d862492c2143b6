import { types } from 'node:util';
import { isObservable, type Observable } from 'rxjs';

/** A promise of the language, and nothing more: a class of its own may not run before it is used. */
export function isPlainPromise(value: unknown): value is Promise<unknown> {
  return (
    types.isPromise(value) &&
    value.constructor?.name === 'Promise' &&
    Object.keys(value).length === 0
  );
}

/**
 * An observable that there is nothing to do with but subscribe. A subject, or a class of the
 * user's own, has more to it, which must not get lost.
 */
export function isPlainObservable(value: unknown): value is Observable<unknown> {
  return holds(() => isObservable(value) && PLAIN_OBSERVABLES.has(value.constructor.name));
}

/** What `pipe` makes; of a subject it makes an anonymous one. */
const PLAIN_OBSERVABLES = new Set(['Observable', 'AnonymousSubject']);

/** Whether a value is one that `await` asks for another. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return holds(() => typeof (value as { then?: unknown } | null | undefined)?.then === 'function');
}

/** An async generator, or what behaves like one. */
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

/** Some objects throw when they are asked for what they do not have. */
function holds(test: () => boolean): boolean {
  try {
    return test();
  } catch {
    return false;
  }
}
