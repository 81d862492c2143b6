import type { INestApplicationContext } from '@nestjs/common';
import type { Logger } from 'winston';
import { checkKeys } from '../options/check-value.js';
import { CAPTURE_LOGS } from '../options/option-places.js';
import { WINSTON_LOGGER } from '../options/options.token.js';
import { applicationIn } from '../records/application.js';
import { LogCapture } from './log-capture.js';
import { testOptions } from './with-trace.js';

/** Options of {@link captureLogs}. */
export interface CaptureLogsOptions {
  /** Whether to silence the application's logger until the capture stops. Default: `false`. */
  silent?: boolean | undefined;
}

/**
 * Collects the log entries of an application from now on, including those in traces of
 * {@link withTrace}. It sees entries of winston loggers, the access log lines of the module, and
 * entries of Nest's `Logger` if `app.useLogger(app.get(TracingLogger))` was called. Entries of other
 * applications in the process are left out. Entries outside any trace are included if their logger
 * belongs to no application or to several. Levels that are disabled log nothing.
 *
 * The normal output of the application does not change. It accepts applications, microservices,
 * application contexts and testing modules.
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
  options: CaptureLogsOptions = {},
): LogCapture {
  checkKeys(CAPTURE_LOGS, options);
  const { silent = false } = options;
  const application = applicationIn(app);
  const release = silent ? silence(app.get(WINSTON_LOGGER, { strict: false })) : () => {};
  return new LogCapture(application, testOptions.policy.application, release);
}

/**
 * Silences the transports of a logger. Returns a function that undoes this; transports that were
 * silent before stay silent.
 */
function silence({ transports }: Logger): () => void {
  const audible = transports.filter((transport) => transport.silent !== true);
  for (const transport of audible) transport.silent = true;
  return () => {
    for (const transport of audible) transport.silent = false;
  };
}
