import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ConsoleLogger, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { serve } from '../server-host.js';
import { PaymentController } from '../workload.js';
import { AccessLogInterceptor } from './access-log.interceptor.js';

// What Nest's documentation has for JSON, with an id by the recipe of its page on AsyncLocalStorage.

const ids = new AsyncLocalStorage<string>();

class LoggerWithIds extends ConsoleLogger {
  protected override getJsonLogObject(...args: Parameters<ConsoleLogger['getJsonLogObject']>) {
    return { ...super.getJsonLogObject(...args), request_id: ids.getStore() };
  }
}

@Module({ controllers: [PaymentController] })
class AppModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer
      .apply((request: IncomingMessage, response: ServerResponse, next: () => void) => {
        const sent = request.headers['x-request-id'];
        const id = typeof sent === 'string' ? sent : randomUUID();
        response.setHeader('X-Request-ID', id);
        ids.run(id, next);
      })
      .forRoutes('*splat');
  }
}

await serve(async ({ adapter }) => {
  const logger = new LoggerWithIds({ json: true });
  const app = await NestFactory.create(AppModule, adapter, { logger });
  app.useGlobalInterceptors(new AccessLogInterceptor());
  return app;
});
