import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TracingLogger, TracingModule, type TracingModuleOptions } from 'nestjs-tracing';
import { TracingMetricsModule } from 'nestjs-tracing/metrics';
import { TraceViewerModule } from 'nestjs-tracing/viewer';
import { transports } from 'winston';
import { serve } from '../server-host.js';
import { controllerFor } from '../workload.js';

const options: Readonly<Record<string, TracingModuleOptions>> = {
  'no-interceptor': { interceptor: false },
  console: { interceptor: false, logger: { transports: [new transports.Console()] } },
  redact: { redact: { keys: ['iban', 'pan'], paths: ['user.card.*', 'items[*].pan'] } },
  recorder: { flightRecorder: true },
  query: { spans: { clients: true } },
  everything: {
    spans: { clients: true, auto: { include: ['LayeredController'] } },
    flightRecorder: true,
  },
};

await serve(async ({ adapter, option = '' }) => {
  const isWatched = option === 'viewer' || option === 'everything';
  @Module({
    imports: [
      TracingModule.forRoot(options[option] ?? {}),
      ...(isWatched ? [TraceViewerModule.forRoot({ authorize: () => true })] : []),
      ...(option === 'everything' ? [TracingMetricsModule.forRoot()] : []),
    ],
    controllers: [controllerFor(option)],
  })
  class AppModule {}

  const app = await NestFactory.create(AppModule, adapter, { bufferLogs: true });
  app.useLogger(app.get(TracingLogger));
  return app;
});
