/**
 * A wrong option. It is thrown while the application starts, so that a mistake is found before it
 * reaches production.
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
    /** The kind of mistake, for programs: `UNKNOWN_OPTION`, `INVALID_FORMAT`, … */
    readonly code: string,
    problem: string,
    /** What to do about it. */
    readonly fix: string,
  ) {
    super(`[${code}] ${problem} Fix: ${fix}`);
  }
}
