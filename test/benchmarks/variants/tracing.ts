import { Controller, Get, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TracingLogger, TracingModule, type TracingModuleOptions } from 'nestjs-tracing';
import { TracingMetricsModule } from 'nestjs-tracing/metrics';
import { TraceViewerModule } from 'nestjs-tracing/viewer';
import { transports } from 'winston';
import { serve } from '../server-host.js';
import { PaymentController } from '../workload.js';

const options: Readonly<Record<string, TracingModuleOptions>> = {
  'no-interceptor': { interceptor: false },
  console: { interceptor: false, logger: { transports: [new transports.Console()] } },
  everything: { spans: { auto: { include: ['SpannedController'] } } },
};

/** The same work in four methods, each of which is a span. */
@Controller('payments')
class SpannedController extends PaymentController {
  @Get(':id')
  override pay(@Param('id') id: string): Promise<{ id: string; status: string }> {
    this.checkAccount();
    this.checkLimits();
    this.reserve();
    return super.pay(id);
  }

  checkAccount(): void {}

  checkLimits(): void {}

  reserve(): void {}
}

await serve(async ({ adapter, option = '' }) => {
  const isWatched = option === 'viewer' || option === 'everything';
  @Module({
    imports: [
      TracingModule.forRoot(options[option] ?? {}),
      ...(isWatched ? [TraceViewerModule.forRoot({ authorize: () => true })] : []),
      ...(option === 'everything' ? [TracingMetricsModule.forRoot()] : []),
    ],
    controllers: [option === 'everything' ? SpannedController : PaymentController],
  })
  class AppModule {}

  const app = await NestFactory.create(AppModule, adapter, { bufferLogs: true });
  app.useLogger(app.get(TracingLogger));
  return app;
});
