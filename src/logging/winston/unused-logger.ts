import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { ConsoleLogger, Logger } from '@nestjs/common';
import type { Application } from '../../records/application.js';
import type { RequestFinishEvent } from '../../records/channels.js';
import { warnOnce } from '../../records/warnings.js';

const REQUEST_FINISH = 'nestjs-tracing:request:finish';

/**
 * Warns if NestJS still writes to its own console logger when the first request of an application
 * ends: its lines have no ids then. A logger that the application has chosen, a class of its own or
 * of another package, `logger: false`, and the logger of NestJS's testing module are not warned of.
 *
 * @returns what ends the watch, for an application that shuts down without a request.
 */
export function warnIfUnused(application: Application): () => void {
  const onFinish = (message: unknown): void => {
    if ((message as RequestFinishEvent).trace.application !== application) return;
    // A subscriber makes every request build a message: one is enough.
    unsubscribe(REQUEST_FINISH, onFinish);
    if (!writesToConsole()) return;
    warnOnce(
      'TRACING_LOGGER_UNUSED',
      'requests are traced, but lines of `new Logger(…)` and of NestJS have no ids: add `app.useLogger(app.get(TracingLogger))` after `NestFactory.create(…)`',
    );
  };
  subscribe(REQUEST_FINISH, onFinish);
  return () => void unsubscribe(REQUEST_FINISH, onFinish);
}

/** Whether lines of NestJS go to its own console logger, by default or because it was passed. */
function writesToConsole(): boolean {
  // The logger of the process. NestJS has no public getter for it.
  const { staticInstanceRef: current } = Logger as unknown as { staticInstanceRef?: object };
  return current?.constructor === ConsoleLogger || current?.constructor === Logger;
}
