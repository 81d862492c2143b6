import { types } from 'node:util';
import type { Following } from './following.js';
import { isThenable } from './result-kinds.js';

type Callback = (...args: unknown[]) => unknown;
export type FollowResult = (following: Following, result: unknown) => unknown;

/** A promise with members of its own. `await` reads no `then` of it, so no call could be seen. */
export function isRunning(source: unknown): source is Promise<unknown> {
  return types.isPromise(source) && source.constructor?.name === 'Promise';
}

/**
 * A proxy: what a promise is awaited through is another object anyway. Its own members are called
 * on the promise.
 */
export function followRunning(
  following: Following,
  source: Promise<unknown>,
  followResult: FollowResult,
): unknown {
  if (!Object.isExtensible(source) || Object.hasOwn(source, 'then')) {
    following.end('done');
    return source;
  }
  const { run, end } = following;
  const proxy: object = new Proxy(source, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (key === 'constructor' || typeof value !== 'function' || isFixed(target, key)) {
        return value;
      }
      return new Proxy(value as Callback, {
        apply(method, self: unknown, args: unknown[]) {
          const call = (): unknown => Reflect.apply(method, self === proxy ? target : self, args);
          if (self !== proxy) return call();
          if (key !== 'then') {
            const result = run(call);
            return isThenable(result) && result !== target
              ? followResult(following, result)
              : result;
          }
          const [onValue, onError] = args;
          return run(() =>
            Reflect.apply(method, target, [onDone(end, onValue), onFailure(end, onError)]),
          );
        },
      });
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
  return proxy;
}

function isFixed(target: object, key: string | symbol): boolean {
  const descriptor = Reflect.getOwnPropertyDescriptor(target, key);
  return descriptor?.configurable === false && descriptor.writable === false;
}

export function onDone(end: Following['end'], onValue: unknown): Callback {
  return (value) => {
    end('done');
    return typeof onValue === 'function' ? (onValue as Callback)(value) : value;
  };
}

export function onFailure(end: Following['end'], onError: unknown): Callback {
  return (error) => {
    end('failed', error);
    if (typeof onError !== 'function') throw error;
    return (onError as Callback)(error);
  };
}
