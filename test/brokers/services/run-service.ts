import '../../support/print-spans.js';
import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import { TracingLogger } from 'nestjs-tracing';

/** Readies an application that is a process of its own: its log, and its end. */
export function readyService(app: INestApplicationContext): void {
  app.useLogger(app.get(TracingLogger));
  app.enableShutdownHooks();
  // Whoever started it is gone, and nobody else will stop it.
  process.once('disconnect', () => process.exit());
}

/** Tells the test that the service may be used. */
export function announce(details: Readonly<Record<string, unknown>> = {}): void {
  process.send?.(details);
}
