import { warnOnce } from './warning.js';

/**
 * A callback of the user's that never throws: where it would, it returns `undefined`, and says so
 * once.
 */
export function guardCallback<A extends unknown[], R>(
  name: string,
  callback: (...args: A) => R,
): (...args: A) => R | undefined {
  return (...args) => {
    try {
      return callback(...args);
    } catch (error) {
      warnOnce('TRACING_CALLBACK_FAILED', `\`${name}\` threw`, error);
      return undefined;
    }
  };
}
