import { types } from 'node:util';
import { warnOnce } from '../records/warnings.js';

/**
 * Wraps a callback of the user so that it never throws: where it would, it returns `undefined` and
 * warns once.
 *
 * @param owner what takes the callback.
 */
export function guardCallback<A extends unknown[], R>(
  name: string,
  callback: (...args: A) => R,
  owner = 'TracingModule.forRoot',
): (...args: A) => R | undefined {
  const fail = (error: unknown): void =>
    warnOnce('TRACING_CALLBACK_FAILED', `the function \`${name}\` of ${owner} threw`, error);
  return (...args) => {
    try {
      const result = callback(...args);
      if (types.isPromise(result)) result.catch(fail);
      return result;
    } catch (error) {
      fail(error);
      return undefined;
    }
  };
}
