import '../../support/print-spans.js';
import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import { TracingLogger } from 'nestjs-tracing';

/** Readies an application that is a process of its own: its log, and its end. */
export function readyService(app: INestApplicationContext): void {
  app.useLogger(app.get(TracingLogger));
  app.enableShutdownHooks();
  // The parent process has ended, and nothing else would stop this one.
  process.once('disconnect', () => process.exit());
}

/** Signals the test that the service is ready. */
export function announce(details: Readonly<Record<string, unknown>> = {}): void {
  process.send?.(details);
}
