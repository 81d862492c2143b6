import { EventEmitter, errorMonitor } from 'node:events';
import type { Ending, Following } from './following.js';
import { isPlainPromise, isThenable } from './result-kinds.js';

type Callback = (...args: unknown[]) => unknown;
type FollowResult = (following: Following, result: unknown) => unknown;

/** Each proxy with what it is in front of. */
const targets = new WeakMap<object, object>();
const ENDS = ['end', 'close'] as const;

/**
 * Follows a query builder, or another object with a `then`, to the end of whatever of it settles
 * first: `await`, a method such as `exec()` that returns a promise, an iterator, a stream, or a
 * builder that one of its methods returns. Nothing of it is called but by its user: a query runs each
 * time `then` is called.
 *
 * It is a proxy, which calls every method on the object itself, so that private fields and `this`
 * work. An object that no proxy can be in front of is returned as it is; what is followed has ended
 * then.
 */
export function followThenable(
  following: Following,
  source: unknown,
  followResult: FollowResult,
): unknown {
  if (!isFollowable(source)) {
    following.end('done');
    return source;
  }
  followEvents(following, source);
  const proxy: object = new Proxy(source, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (value === target) return proxy;
      if (key === 'constructor' || !isMethod(value) || isFixed(target, key)) return value;
      return new Proxy(value, {
        apply(method, self: unknown, args: unknown[]) {
          const on = self === proxy ? target : self;
          const given = args.map(withoutProxy);
          const call = (...passed: unknown[]): unknown => Reflect.apply(method, on, passed);
          return resultOf(key, call, given);
        },
      });
    },
    set(target, key, value) {
      return Reflect.set(target, key, value, target);
    },
  });
  targets.set(proxy, source);
  return proxy;

  function resultOf(key: string | symbol, call: Callback, args: unknown[]): unknown {
    const { run } = following;
    if (key === 'then') return runThen(following, call, args);
    if (key === 'catch') {
      // Bluebird's takes classes of errors before the function.
      const onError = onFailure(following, args.at(-1));
      return followResult(
        following,
        run(() => call(...args.slice(0, -1), onError)),
      );
    }
    const result = run(() => call(...args));
    if (result === source) return proxy;
    if (key === Symbol.asyncIterator) return followIterator(following, result);
    if (isPlainPromise(result) || isThenable(result)) return followResult(following, result);
    if (result instanceof EventEmitter) followEvents(following, result);
    return result;
  }
}

function runThen(following: Following, call: Callback, args: unknown[]): unknown {
  const [onValue, onError] = args;
  try {
    return following.run(() => call(onDone(following, onValue), onFailure(following, onError)));
  } catch (error) {
    following.end('failed', error);
    throw error;
  }
}

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

/** Streams of rows, and requests that are streams, tell their end by events. */
function followEvents({ end }: Following, source: object): void {
  if (!(source instanceof EventEmitter)) return;
  const finish = (ending: Ending, error?: unknown): void => {
    for (const event of ENDS) source.off(event, done);
    source.off(errorMonitor, fail);
    end(ending, error);
  };
  const done = (): void => finish('done');
  const fail = (error: unknown): void => finish('failed', error);
  for (const event of ENDS) source.on(event, done);
  // This one handles no error: what is unhandled without us stays so.
  source.on(errorMonitor, fail);
}

/** The iterator of a result that is read row by row. */
function followIterator(following: Following, result: unknown): unknown {
  const iterator = result as Partial<AsyncIterator<unknown>> | null | undefined;
  if (typeof iterator?.next !== 'function') return result;
  const settle = ({ done }: IteratorResult<unknown>): void => {
    if (done === true) following.end('done');
  };
  const fail = (error: unknown): void => following.end('failed', error);
  return new Proxy(iterator, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      if (key !== 'next' && key !== 'return' && key !== 'throw') {
        return (value as Callback).bind(target);
      }
      return (...args: unknown[]): unknown => {
        const advanced = following.run(() => Reflect.apply(value as Callback, target, args));
        if (isPlainPromise(advanced)) {
          void (advanced as Promise<IteratorResult<unknown>>).then(settle, fail);
        }
        return advanced;
      };
    },
  });
}

function withoutProxy(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (targets.get(value) ?? value) : value;
}

/**
 * Whether a proxy may answer for an object: not where a method is fixed, because a proxy has to return
 * that method itself, which would then be called on the proxy.
 */
function isFollowable(source: unknown): source is object {
  if (typeof source !== 'object' || source === null) return false;
  return Reflect.ownKeys(source).every(
    (key) => !isFixed(source, key) || typeof Reflect.get(source, key) !== 'function',
  );
}

function isFixed(target: object, key: string | symbol): boolean {
  const descriptor = Reflect.getOwnPropertyDescriptor(target, key);
  return descriptor?.configurable === false && descriptor.writable === false;
}

/** Functions that are classes, such as the model of a query, are values and no methods. */
function isMethod(value: unknown): value is Callback {
  if (typeof value !== 'function') return false;
  const prototype = Object.getOwnPropertyDescriptor(value, 'prototype');
  if (prototype === undefined) return true;
  const isClass = prototype.writable === false && !/^async\b|^function|^\*/.test(String(value));
  const members: unknown = prototype.value;
  const isPlain =
    typeof members !== 'object' ||
    members === null ||
    Reflect.ownKeys(members).every((key) => key === 'constructor');
  return !isClass && isPlain;
}
