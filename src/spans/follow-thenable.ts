import { EventEmitter, errorMonitor } from 'node:events';
import type { Ending, Following } from './following.js';
import {
  followRunning,
  isRunning,
  onDone,
  onFailure,
  type FollowResult,
} from './follow-running.js';
import { observeCalls } from './observe-calls.js';
import { isAsyncGenerator, isPlainPromise, isThenable } from './result-kinds.js';

type Callback = (...args: unknown[]) => unknown;

/** The builders and cursors that are followed at present. */
const followed = new WeakMap<object, FollowedObject>();
/** Of one object: methods that return it to each other, or calls that return the same one again. */
const MAX_FOLLOWINGS = 16;
const ENDS: ReadonlySet<unknown> = new Set(['end', 'close']);

/**
 * Follows a query builder, or another object with a `then`, to the end of whatever of it settles
 * first: `await`, a method such as `exec()` that returns a promise, a cursor, a stream, or a builder
 * that one of its methods returns. Nothing of it is called but by its user: a query runs each time
 * `then` is called.
 *
 * The object itself is returned. Where its calls cannot be seen, as those of a frozen one, it has
 * ended now.
 */
export function followThenable(
  following: Following,
  source: unknown,
  followResult: FollowResult,
): unknown {
  const object = source as object;
  if (isRunning(source)) return followRunning(following, source, followResult);
  const known = followed.get(object);
  if (known !== undefined) known.add(following);
  else if (!followObject(following, object, followResult, 'then')) following.end('done');
  return source;
}

/** Returns whether that could be done. */
function followObject(
  following: Following,
  object: object,
  followResult: FollowResult,
  method: 'then' | 'next',
): boolean {
  const state = new FollowedObject(object, following, followResult, method === 'next');
  const stop = observeCalls(object, method, state.observe);
  if (stop === undefined) return false;
  state.onFinish(stop);
  followed.set(object, state);
  return true;
}

/** A query builder or a cursor, with what is open until it settles. */
class FollowedObject {
  private readonly followings: Following[];
  private readonly cleanups: (() => void)[] = [];
  /** The call whose outcome counts. Others are made by this one, or come too late. */
  private settling: object | undefined = undefined;
  /** The number of calls that have not returned. */
  private running = 0;

  constructor(
    private readonly source: object,
    following: Following,
    private readonly followResult: FollowResult,
    private readonly isCursor: boolean,
  ) {
    this.followings = [following];
  }

  /** Another method has returned the same object. */
  add(following: Following): void {
    if (this.followings.push(following) > MAX_FOLLOWINGS) this.followings.shift()!.end('done');
  }

  onFinish(cleanup: () => void): void {
    this.cleanups.push(cleanup);
  }

  readonly observe = (key: string | symbol, call: Callback, args: unknown[]): unknown => {
    if (this.settling !== undefined && this.running === 0) return call(...args);
    if (key === 'emit') return this.emit(call, args);
    const token = {};
    const end = (ending: Ending, error?: unknown): void => {
      if (this.settling === undefined || this.settling === token) this.finish(ending, error);
    };
    const isAwaited = key === 'then' && !this.isCursor;
    if (isAwaited) this.settling = token;
    this.running++;
    try {
      return this.take(this.callAs(key, call, args, end), token, end);
    } catch (error) {
      // Code around it may handle that.
      if (this.running === 1) end('failed', error);
      throw error;
    } finally {
      this.running--;
      // What it has called may have set another one.
      if (isAwaited) this.settling = token;
    }
  };

  private callAs(
    key: string | symbol,
    call: Callback,
    args: unknown[],
    end: Following['end'],
  ): unknown {
    if (this.isCursor) return this.run(() => call(...args));
    if (key === 'then') {
      const [onValue, onError] = args;
      // Its own result is that of the function which it is given.
      return new Settled(this.run(() => call(onDone(end, onValue), onFailure(end, onError))));
    }
    const onError = args.at(-1);
    if (key === 'catch' && typeof onError === 'function') {
      // Bluebird's takes classes of errors before the function.
      return this.run(() => call(...args.slice(0, -1), onFailure(end, onError)));
    }
    return this.run(() => call(...args));
  }

  /** Looks at what a method has returned, and returns what its caller gets. */
  private take(result: unknown, token: object, end: Following['end']): unknown {
    if (result instanceof Settled) return result.result;
    if (result === this.source || typeof result !== 'object' || result === null) return result;
    if (isPlainPromise(result)) {
      if (this.isCursor) return this.followStep(result);
      this.settling = token;
      return this.followResult({ run: this.run, end }, result);
    }
    if (isThenable(result)) return this.followResult({ run: this.run, end }, result);
    if (this.isCursor) return result;
    if (isStream(result)) this.followEvents(result);
    if (isAsyncGenerator(result)) {
      this.settling = token;
      return this.followResult({ run: this.run, end }, result);
    }
    if (isCursor(result) && !followed.has(result)) {
      followObject({ run: this.run, end }, result, this.followResult, 'next');
    }
    return result;
  }

  /** A cursor has ended with its last row, when it is closed, and when a method has read it all. */
  private followStep(step: Promise<unknown>): Promise<unknown> {
    return step.then(
      (value) => {
        if (isLast(value)) this.finish('done');
        return value;
      },
      (error: unknown) => {
        this.finish('failed', error);
        throw error;
      },
    );
  }

  /** Requests that are emitters tell their end by events. */
  private emit(call: Callback, args: unknown[]): unknown {
    const [event, error] = args;
    if (this.settling === undefined) {
      if (event === 'error') this.finish('failed', error);
      else if (ENDS.has(event)) this.finish('done');
    }
    return call(...args);
  }

  private followEvents(stream: EventEmitter): void {
    const done = (): void => this.finish('done');
    const fail = (error: unknown): void => this.finish('failed', error);
    stream.once('end', done).once('close', done);
    // This one handles no error: what is unhandled without it stays so.
    stream.once(errorMonitor, fail);
    this.onFinish(() => stream.off('end', done).off('close', done).off(errorMonitor, fail));
  }

  private readonly run = <T>(fn: () => T): T => {
    let next = fn;
    for (const following of this.followings) {
      const inner = next;
      next = () => following.run(inner);
    }
    return next();
  };

  private finish(ending: Ending, error?: unknown): void {
    if (followed.get(this.source) === this) followed.delete(this.source);
    for (const cleanup of this.cleanups.splice(0)) cleanup();
    // From the inside to the outside.
    for (const following of this.followings.splice(0)) following.end(ending, error);
  }
}

/** What `then` has returned. */
class Settled {
  constructor(readonly result: unknown) {}
}

function isStream(value: object): value is EventEmitter {
  return value instanceof EventEmitter && 'pipe' in value && typeof value.pipe === 'function';
}

/** What is read row by row. */
function isCursor(value: object): boolean {
  return 'next' in value && typeof value.next === 'function' && Symbol.asyncIterator in value;
}

/** Whether a cursor has nothing more, from what one of its methods has resolved to. */
function isLast(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    value === false ||
    Array.isArray(value) ||
    (typeof value === 'object' && 'done' in value && value.done === true)
  );
}
