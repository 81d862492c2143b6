import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import rTracer from 'cls-rtracer';
import { WinstonModule } from 'nest-winston';
import { format, transports } from 'winston';
import { serve } from '../server-host.js';
import { PaymentController } from '../workload.js';
import { AccessLogInterceptor } from './access-log.interceptor.js';

const withId = format((info) => {
  info['request_id'] = rTracer.id();
  return info;
});

@Module({ controllers: [PaymentController] })
class AppModule {}

await serve(async ({ adapter, platform }) => {
  const logger = WinstonModule.createLogger({
    format: format.combine(format.timestamp(), withId(), format.json()),
    transports: [new transports.Console()],
  });
  const app = await NestFactory.create(AppModule, adapter, { logger });
  const tracer = platform === 'express' ? rTracer.expressMiddleware : rTracer.fastifyMiddleware;
  app.use(tracer({ useHeader: true, echoHeader: true }));
  app.useGlobalInterceptors(new AccessLogInterceptor());
  return app;
});
