/**
 * The error for an invalid option. It is thrown when the application starts, so that mistakes are
 * found before production.
 *
 * @publicApi
 *
 * @example
 * TracingModule.forRoot({ format: 'xml' as never });
 * // TracingConfigError: [INVALID_FORMAT] `format` is "xml". Fix: use "json" or "text".
 */
export class TracingConfigError extends Error {
  override readonly name = 'TracingConfigError';

  constructor(
    /** The code of the mistake: `UNKNOWN_OPTION`, `INVALID_FORMAT`, … */
    readonly code: string,
    problem: string,
    /** How to fix it. */
    readonly fix: string,
  ) {
    super(`[${code}] ${problem} Fix: ${fix}`);
  }
}
