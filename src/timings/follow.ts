import { types } from 'node:util';
import { isObservable, Observable } from 'rxjs';

/** How something ended; `left`: whoever waited for it no longer does. */
export type Ending = 'done' | 'failed' | 'left';

/** What goes on until a result has ended. */
export interface Following {
  /** Runs the next part of it in its context. */
  run<T>(fn: () => T): T;
  /** Told when it ends, perhaps more than once; the first time counts. */
  end(ending: Ending, error?: unknown): void;
}

/**
 * Follows what a function returned to its end. It comes back as it is: the promise itself, an
 * observable or async generator that is followed while somebody consumes it.
 */
export function follow(following: Following, result: unknown): unknown {
  if (types.isPromise(result)) {
    // A branch of its own: the caller's promise, and who answers for its rejection, stay as they are.
    result.then(
      () => following.end('done'),
      (error: unknown) => following.end('failed', error),
    );
    return result;
  }
  if (isThenable(result)) return followThenable(following, result);
  return followConsumed(following, result);
}

/** The same, and on through a promise to the observable or generator that it may bring. */
export function followThrough(following: Following, result: unknown): unknown {
  if (!types.isPromise(result)) return follow(following, result);
  return result.then(
    (value: unknown) => followConsumed(following, value),
    (error: unknown) => {
      following.end('failed', error);
      throw error;
    },
  );
}

function followConsumed(following: Following, result: unknown): unknown {
  if (isPlainObservable(result)) return followObservable(following, result);
  if (isAsyncGenerator(result)) return followGenerator(following, result);
  following.end('done');
  return result;
}

/** Query builders run whenever somebody asks for `then`, so that must happen once: when it is used. */
function followThenable<T extends PromiseLike<unknown>>(following: Following, source: T): T {
  return new Proxy(source, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      if (key !== 'then') return (value as () => unknown).bind(target);
      return (onValue?: (value: unknown) => unknown, onError?: (error: unknown) => unknown) =>
        following.run(() =>
          target.then(
            (result) => {
              following.end('done');
              return onValue === undefined ? result : onValue(result);
            },
            (error: unknown) => {
              following.end('failed', error);
              if (onError === undefined) throw error;
              return onError(error);
            },
          ),
        );
    },
  });
}

function followObservable(following: Following, source: Observable<unknown>): Observable<unknown> {
  return new Observable((subscriber) => {
    const subscription = following.run(() =>
      source.subscribe({
        next: (value) => subscriber.next(value),
        error: (error: unknown) => {
          following.end('failed', error);
          subscriber.error(error);
        },
        complete: () => {
          following.end('done');
          subscriber.complete();
        },
      }),
    );
    return () => {
      following.run(() => subscription.unsubscribe());
      following.end('left');
    };
  });
}

function followGenerator(
  following: Following,
  source: AsyncGenerator<unknown, unknown, unknown>,
): AsyncGenerator<unknown, unknown, unknown> {
  const step = async (
    advance: () => Promise<IteratorResult<unknown, unknown>>,
  ): Promise<IteratorResult<unknown, unknown>> => {
    try {
      const result = await following.run(advance);
      if (result.done === true) following.end('done');
      return result;
    } catch (error) {
      following.end('failed', error);
      throw error;
    }
  };
  return Object.create(source, {
    next: { value: (value: unknown) => step(() => source.next(value)) },
    return: { value: (value: unknown) => step(() => source.return(value)) },
    throw: { value: (error: unknown) => step(() => source.throw(error)) },
    [Symbol.asyncIterator]: {
      value(this: unknown) {
        return this;
      },
    },
  }) as AsyncGenerator<unknown, unknown, unknown>;
}

/**
 * An observable that there is nothing to do with but subscribe. A subject, or a class of the
 * user's own, has more to it, which must not get lost.
 */
function isPlainObservable(value: unknown): value is Observable<unknown> {
  return isObservable(value) && PLAIN_OBSERVABLES.has(value.constructor.name);
}

/** What `pipe` makes; of a subject it makes an anonymous one. */
const PLAIN_OBSERVABLES = new Set(['Observable', 'AnonymousSubject']);

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

function isAsyncGenerator(value: unknown): value is AsyncGenerator<unknown, unknown, unknown> {
  const generator = value as Partial<AsyncGenerator> | null | undefined;
  return (
    typeof generator?.next === 'function' &&
    typeof generator.return === 'function' &&
    typeof generator[Symbol.asyncIterator] === 'function'
  );
}
