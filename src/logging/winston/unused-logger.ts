import { ConsoleLogger, Logger } from '@nestjs/common';
import { warnOnce } from '../../records/warnings.js';

/**
 * Warns if NestJS still writes to its own console logger: its lines have no ids then. Call it when
 * the first request of an application ends. A logger that the application has chosen, a class of its
 * own or of another package, `logger: false`, and the logger of NestJS's testing module are not
 * warned of.
 */
export function warnIfUnused(): void {
  if (!writesToConsole()) return;
  warnOnce(
    'TRACING_LOGGER_UNUSED',
    'requests are traced, but lines of `new Logger(…)` and of NestJS have no ids: add `app.useLogger(app.get(TracingLogger))` after `NestFactory.create(…)`',
  );
}

/** Whether lines of NestJS go to its own console logger, by default or because it was passed. */
function writesToConsole(): boolean {
  // The logger of the process. NestJS has no public getter for it.
  const current: unknown = Reflect.get(Logger, 'staticInstanceRef');
  if (typeof current !== 'object' || current === null) return false;
  return current.constructor === ConsoleLogger || current.constructor === Logger;
}
