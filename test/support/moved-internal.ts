import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { compiledProgram } from './compiled-program.js';

/** What of a package is not where the library expects it. */
export interface MovedInternal {
  /**
   * Module specifiers that cannot be found any more, as a regular expression: `^@nestjs/core/.`.
   * Imports from within `node_modules` still find them.
   */
  readonly unresolvable?: string;
  /** Members that are removed: a module and the path to the member from its exports. */
  readonly removed?: readonly { readonly module: string; readonly path: string }[];
}

/** What became of an application whose packages have moved their internals. */
export interface MovedOutcome {
  /** The process warnings with the code `TRACING_UNSUPPORTED`. */
  readonly warnings: readonly string[];
  /** All other process warnings of this library. */
  readonly otherWarnings: readonly string[];
  /** The entries that the application logged, parsed. */
  readonly entries: readonly Record<string, unknown>[];
  /** The status of `GET /` on the application's HTTP server. */
  readonly status: number;
}

const TIMEOUT_MS = 30_000;

/**
 * Starts an application in a process of its own, against packages whose internals have moved, and
 * asks it for `GET /`.
 *
 * @param application the path of a module that exports a class `AppModule` with a route `GET /`,
 *   which imports `TracingModule.forRoot({ logger: movedLogger })` (`moved-sink.ts`), and perhaps
 *   the functions `exercise(app)`, which uses what is tested, and `createAdapter()`.
 *
 * @example
 * const { warnings, status } = await startMoved('test/instrumentation/schedule/moved-app.ts', {
 *   removed: [{ module: '@nestjs/schedule', path: 'SchedulerRegistry.prototype.addCronJob' }],
 * });
 */
export async function startMoved(application: string, moved: MovedInternal): Promise<MovedOutcome> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      '--no-warnings',
      '--import',
      './test/support/register-moved.mjs',
      compiledProgram('test/support/moved-internal.process.ts'),
      compiledProgram(application),
    ],
    { env: { ...process.env, MOVED_INTERNAL: JSON.stringify(moved) }, timeout: TIMEOUT_MS },
  );
  return JSON.parse(stdout.slice(stdout.lastIndexOf('\n{') + 1)) as MovedOutcome;
}
