/**
 * The error for an invalid option. It is thrown when the application starts, so that mistakes are
 * found before production.
 *
 * The message has a code, the function that takes the option, the value that was given and the fix.
 * A value that may be a secret is described and not shown.
 *
 * @publicApi
 *
 * @example
 * const options: object = { format: 'jsn' };
 * TracingModule.forRoot(options);
 * // TracingConfigError: [INVALID_FORMAT] TracingModule.forRoot: `format` is "jsn".
 * //   Fix: did you mean "json"? Use "json" or "text".
 */
export class TracingConfigError extends Error {
  override readonly name = 'TracingConfigError';

  constructor(
    /** The code of the mistake: `UNKNOWN_OPTION`, `INVALID_FORMAT`, … */
    readonly code: string,
    /** What is wrong, without the code and the fix. */
    readonly problem: string,
    /** How to fix it. */
    readonly fix: string,
    /** What takes the option: `TracingModule.forRoot`, `OtlpModule.forRoot`, … */
    readonly owner?: string,
  ) {
    super(`[${code}] ${owner === undefined ? '' : `${owner}: `}${problem} Fix: ${fix}`);
  }
}
