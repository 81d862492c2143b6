import { types } from 'node:util';
import { Observable, Subscriber } from 'rxjs';
import { isAsyncGenerator, isPlainObservable, isPlainPromise, isThenable } from './result-kinds.js';

/** How something ended; `left`: its consumer has unsubscribed or disconnected. */
export type Ending = 'done' | 'failed' | 'left';

/** What is done until a result has ended. */
export interface Following {
  /** Runs the next part of it in its context. */
  run<T>(fn: () => T): T;
  /** Called when it ends, perhaps more than once; the first call counts. */
  end(ending: Ending, error?: unknown): void;
}

/**
 * Follows what a function returned to its end: a promise as one that ends the same way, an
 * observable or async generator while it is consumed. Anything else is returned as it is.
 */
export function follow(following: Following, result: unknown): unknown {
  if (isPlainPromise(result)) return followPromise(following, result);
  if (isThenable(result)) return followThenable(following, result);
  return followConsumed(following, result);
}

/** The same, and through a promise also the observable or generator that it resolves to. */
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

/**
 * Returns a promise that is chained to the one that is followed. A separate branch would handle its
 * rejection, and an unhandled one would no longer reach the process.
 */
function followPromise(following: Following, source: Promise<unknown>): Promise<unknown> {
  return source.then(
    (value) => {
      following.end('done');
      return value;
    },
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

/** A query builder runs each time `then` is called, so it is called only when its user calls it. */
function followThenable<T extends PromiseLike<unknown>>(following: Following, source: T): T {
  const { run } = following;
  return new Proxy(source, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      const call = (...args: unknown[]): unknown => (value as Callback).apply(target, args);
      if (key === 'then') {
        return (onValue: unknown, onError: unknown) =>
          run(() => call(onDone(following, onValue), onFailure(following, onError)));
      }
      if (key === 'catch') {
        // Bluebird's takes classes of errors before the function.
        return (...args: unknown[]) => {
          const onError = onFailure(following, args.pop());
          return follow(
            following,
            run(() => call(...args, onError)),
          );
        };
      }
      if (key === 'finally') {
        return (onEnd: unknown) =>
          follow(
            following,
            run(() => call(onEnd)),
          );
      }
      return call;
    },
  });
}

type Callback = (...args: unknown[]) => unknown;

function onDone({ end }: Following, onValue: unknown): Callback {
  return (value) => {
    end('done');
    return typeof onValue === 'function' ? (onValue as Callback)(value) : value;
  };
}

function onFailure({ end }: Following, onError: unknown): Callback {
  return (error) => {
    end('failed', error);
    if (typeof onError !== 'function') throw error;
    return (onError as Callback)(error);
  };
}

/** Follows an observable until it ends or is unsubscribed; both happen in its context. */
export function followObservable(
  following: Following,
  source: Observable<unknown>,
): Observable<unknown> {
  return new Observable((subscriber) => {
    const inner = new Subscriber<unknown>({
      next: (value) => subscriber.next(value),
      error: (error: unknown) => {
        following.end('failed', error);
        subscriber.error(error);
      },
      complete: () => {
        following.end('done');
        subscriber.complete();
      },
    });
    // Before it is subscribed: a source that emits synchronously must notice an unsubscription.
    subscriber.add(() => {
      following.run(() => inner.unsubscribe());
      following.end('left');
    });
    following.run(() => source.subscribe(inner));
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
