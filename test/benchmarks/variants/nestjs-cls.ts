import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WinstonModule } from 'nest-winston';
import { ClsModule, ClsServiceManager } from 'nestjs-cls';
import { format, transports } from 'winston';
import { serve } from '../server-host.js';
import { PaymentController } from '../workload.js';
import { AccessLogInterceptor } from './access-log.interceptor.js';

const cls = ClsServiceManager.getClsService();

const withId = format((info) => {
  info['request_id'] = cls.getId();
  return info;
});

@Module({
  imports: [
    ClsModule.forRoot({
      global: true,
      middleware: {
        mount: true,
        generateId: true,
        idGenerator: (request: IncomingMessage) =>
          request.headers['x-request-id']?.toString() ?? randomUUID(),
      },
    }),
  ],
  controllers: [PaymentController],
})
class AppModule {}

await serve(async ({ adapter }) => {
  const logger = WinstonModule.createLogger({
    format: format.combine(format.timestamp(), withId(), format.json()),
    transports: [new transports.Console()],
  });
  const app = await NestFactory.create(AppModule, adapter, { logger });
  app.useGlobalInterceptors(new AccessLogInterceptor());
  return app;
});
