import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TracingLogger, TracingModule } from 'nestjs-tracing';
import { TraceViewerModule } from 'nestjs-tracing/viewer';
import { serve } from '../server-host.js';
import { PaymentController } from '../workload.js';

await serve(async ({ adapter, option }) => {
  @Module({
    imports: [
      TracingModule.forRoot(option === 'no-interceptor' ? { interceptor: false } : {}),
      ...(option === 'viewer' ? [TraceViewerModule.forRoot({ authorize: () => true })] : []),
    ],
    controllers: [PaymentController],
  })
  class AppModule {}

  const app = await NestFactory.create(AppModule, adapter, { bufferLogs: true });
  app.useLogger(app.get(TracingLogger));
  return app;
});
