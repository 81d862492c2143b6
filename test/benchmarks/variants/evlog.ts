import { createRequire } from 'node:module';
import { type DynamicModule, type LoggerService, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { serve } from '../server-host.js';
import { PaymentController } from '../workload.js';

// One line for each request, which holds what its handler has logged.

// Not imported: its types change those of Node and Express for every file of the tests.
const load = createRequire(import.meta.url);
const { initLogger } = load('evlog') as { initLogger: (options: object) => void };
const { EvlogModule, useLogger } = load('evlog/nestjs') as {
  EvlogModule: { forRoot: () => DynamicModule };
  useLogger: () => Record<'info' | 'warn' | 'error', (message: string) => void>;
};

const logger: LoggerService = {
  log: (message: string) => useLogger().info(message),
  warn: (message: string) => useLogger().warn(message),
  error: (message: string) => useLogger().error(message),
};
/** What Nest logs while it starts belongs to no request. */
const outsideRequests: LoggerService = { log() {}, warn() {}, error() {} };

@Module({ imports: [EvlogModule.forRoot()], controllers: [PaymentController] })
class AppModule {}

await serve(async ({ adapter }) => {
  initLogger({ env: { service: 'payments' }, pretty: false });
  const app = await NestFactory.create(AppModule, adapter, { logger: outsideRequests });
  await app.init();
  app.useLogger(logger);
  return app;
});
