import { DEFAULT_LINE_LIMITS, type LineLimits } from '../../records/line-limits.js';
import { sharedState } from '../../records/shared-state.js';

/**
 * What the options of an application say about the lines of a logger. What writes lines keeps this
 * object: to look it up for each line would cost a tenth of a line.
 */
export interface LoggerLimits {
  /** `undefined` where the options say nothing. */
  given: LineLimits | undefined;
}

const limits = sharedState('logger-limits', () => new WeakMap<object, LoggerLimits>());

/** Sets what the lines of a logger may hold, where the options of its application say so. */
export function limitLines(logger: object, given: LineLimits): void {
  loggerLimits(logger).given = given;
}

/** The limits of a logger, also if they are set later. */
export function loggerLimits(logger: object): LoggerLimits {
  let known = limits.get(logger);
  if (known === undefined) {
    known = { given: undefined };
    limits.set(logger, known);
  }
  return known;
}

/** What the lines of a logger may hold. */
export function limitsOf(logger: object): LineLimits {
  return limits.get(logger)?.given ?? DEFAULT_LINE_LIMITS;
}
