import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WinstonModule } from 'nest-winston';
import { format, transports } from 'winston';
import { serve } from '../server-host.js';
import { PaymentController } from '../workload.js';
import { AccessLogInterceptor } from './access-log.interceptor.js';

@Module({ controllers: [PaymentController] })
class AppModule {}

// No format for the ids: the winston instrumentation of `opentelemetry-setup` puts them on.
await serve(async ({ adapter }) => {
  const logger = WinstonModule.createLogger({
    format: format.combine(format.timestamp(), format.json()),
    transports: [new transports.Console()],
  });
  const app = await NestFactory.create(AppModule, adapter, { logger });
  app.useGlobalInterceptors(new AccessLogInterceptor());
  return app;
});
