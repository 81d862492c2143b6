import { DEFAULT_LINE_LIMITS, type LineLimits } from '../../records/line-limits.js';
import { sharedState } from '../../records/shared-state.js';

const limits = sharedState('logger-limits', () => new WeakMap<object, LineLimits>());

/** Sets what the lines of a logger may hold, where the options of its application say so. */
export function limitLines(logger: object, given: LineLimits): void {
  limits.set(logger, given);
}

/** What the application's options say about the lines of a logger; `undefined` for nothing. */
export function givenLimits(logger: object): LineLimits | undefined {
  return limits.get(logger);
}

/** What the lines of a logger may hold. */
export function limitsOf(logger: object): LineLimits {
  return limits.get(logger) ?? DEFAULT_LINE_LIMITS;
}
