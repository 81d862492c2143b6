import { types } from 'node:util';
import { Observable, Subscriber } from 'rxjs';
import type { Ending, Following } from './following.js';
import { followThenable } from './follow-thenable.js';
import { isAsyncGenerator, isPlainObservable, isPlainPromise, isThenable } from './result-kinds.js';

/**
 * Follows what a function returned to its end: a promise as one that ends the same way, an
 * observable or async generator while it is consumed, also one that the promise resolves to.
 * Anything else is returned as it is.
 */
export function follow(following: Following, result: unknown): unknown {
  if (isPlainPromise(result)) return followPromise(following, result);
  if (isThenable(result)) return followThenable(following, result, follow);
  return followConsumed(following, result);
}

/** The same, and a promise of any class is taken for one that runs already. */
export function followAwaited(following: Following, result: unknown): unknown {
  return types.isPromise(result) ? followPromise(following, result) : follow(following, result);
}

/**
 * Returns a promise that is chained to the one that is followed. A separate branch would handle its
 * rejection, and an unhandled one would no longer reach the process.
 */
function followPromise(following: Following, source: Promise<unknown>): Promise<unknown> {
  return source.then(
    (value) => followConsumed(following, value),
    (error: unknown) => {
      following.end('failed', error);
      throw error;
    },
  );
}

/** The same for what a promise has resolved to. */
export function followConsumed(following: Following, result: unknown): unknown {
  if (isPlainObservable(result)) return followObservable(following, result);
  if (isAsyncGenerator(result)) return followGenerator(following, result);
  following.end('done');
  return result;
}

/**
 * Follows an observable until it ends or is unsubscribed; both happen in its context. Where
 * promises are among its values, it has not ended before they are settled.
 */
export function followObservable(
  following: Following,
  source: Observable<unknown>,
): Observable<unknown> {
  return new Observable((subscriber) => {
    const outside = following.outside?.() ?? runHere;
    const emitted = new EmittedPromises(following);
    const inner = new Subscriber<unknown>({
      next: (value) => {
        const followed = emitted.follow(value);
        outside(() => subscriber.next(followed));
      },
      error: (error: unknown) => {
        following.end('failed', error);
        outside(() => subscriber.error(error));
      },
      complete: () => {
        emitted.endSource('done');
        outside(() => subscriber.complete());
      },
    });
    // Before it is subscribed: a source that emits synchronously must notice an unsubscription.
    subscriber.add(() => {
      following.run(() => inner.unsubscribe());
      emitted.endSource('left');
    });
    following.run(() => source.subscribe(inner));
  });
}

/**
 * The promises among the values of an observable, as in `of(promise)`: the work of the observable
 * goes on until they are settled, although it has completed long before.
 */
class EmittedPromises {
  private readonly running = new Set<object>();
  private sourceEnding: Ending | undefined = undefined;
  private failure: { readonly error: unknown } | undefined = undefined;

  constructor(private readonly following: Following) {}

  /** Returns what is emitted in place of a value. */
  follow(value: unknown): unknown {
    const { isLastAwaited = false, run } = this.following;
    // NestJS responds with the last value, and waits for no other.
    if (isLastAwaited) this.running.clear();
    if (!isPlainPromise(value) && !(isLastAwaited && isThenable(value))) return value;
    this.running.add(value);
    const end = (ending: Ending, error?: unknown): void => this.settle(value, ending, error);
    return follow({ run, end }, value);
  }

  /** Called when the observable itself has ended. */
  endSource(ending: Ending): void {
    this.sourceEnding ??= ending;
    this.endIfSettled();
  }

  private settle(promise: object, ending: Ending, error: unknown): void {
    if (!this.running.delete(promise)) return;
    if (ending === 'failed') this.failure ??= { error };
    this.endIfSettled();
  }

  private endIfSettled(): void {
    if (this.sourceEnding === undefined || this.running.size > 0) return;
    if (this.failure === undefined) this.following.end(this.sourceEnding);
    else this.following.end('failed', this.failure.error);
  }
}

function runHere<T>(fn: () => T): T {
  return fn();
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
