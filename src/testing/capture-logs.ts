import type { INestApplicationContext } from '@nestjs/common';
import type { Logger } from 'winston';
import { WINSTON_LOGGER } from '../options/options.token.js';
import { applicationIn } from '../records/application.js';
import { LogCapture } from './log-capture.js';
import { testOptions } from './with-trace.js';

/** What {@link captureLogs} takes. */
export interface CaptureLogsOptions {
  /** Whether the application's logger writes nothing until the capture is stopped. Default: `false`. */
  silent?: boolean | undefined;
}

/**
 * Gathers what an application logs from now on, in its traces and in those of {@link withTrace}:
 * by Nest's `Logger`, if `app.useLogger(app.get(TracingLogger))` was called, by winston loggers, by
 * itself. Entries of other applications in the process are left out; those outside any trace, of a
 * logger that no application or several have, are in. A level that is off logs nothing.
 *
 * The output stays as it is. Takes applications, microservices, application contexts and testing
 * modules.
 *
 * @throws {TracingConfigError} for an application without `TracingModule`.
 *
 * @publicApi
 *
 * @example
 * const logs = captureLogs(app);
 * await fetch(url, { headers: { 'X-Request-ID': 'req-001' } });
 * await logs.finished('req-001');
 * expect(logs.ofRequest('req-001').map(({ message }) => message)).toEqual(['Paid', 'Request finished']);
 * logs.stop();
 */
export function captureLogs(
  app: INestApplicationContext,
  { silent = false }: CaptureLogsOptions = {},
): LogCapture {
  const application = applicationIn(app);
  const release = silent ? silence(app.get(WINSTON_LOGGER, { strict: false })) : () => {};
  return new LogCapture(application, testOptions.policy.application, release);
}

/** Returns what lets it be heard again; those that were silent before stay so. */
function silence({ transports }: Logger): () => void {
  const heard = transports.filter((transport) => transport.silent !== true);
  for (const transport of heard) transport.silent = true;
  return () => {
    for (const transport of heard) transport.silent = false;
  };
}
