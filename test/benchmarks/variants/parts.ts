import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import type {
  CallHandler,
  ExecutionContext,
  INestApplication,
  NestInterceptor,
  NestModule,
} from '@nestjs/common';
import { type MiddlewareConsumer, Module } from '@nestjs/common';
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core';
import { serve } from '../server-host.js';
import { PaymentController } from '../workload.js';

// What each piece of Nest and Node costs by itself on a bare application: the bill before a line
// of tracing is written.

@Module({ controllers: [PaymentController] })
class AppModule {}

@Module({ imports: [AppModule] })
class MiddlewareModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply((_: unknown, __: unknown, next: () => void) => next()).forRoutes('*splat');
  }
}

class PassThrough implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler) {
    return next.handle();
  }
}

type Hook = (
  request: unknown,
  reply: ServerResponse & { raw?: ServerResponse },
  done: () => void,
) => void;

const storage = new AsyncLocalStorage<object>();
const hooks: Record<string, Hook> = {
  'request-hook': (_, __, done) => done(),
  'finish-listener': (_, reply, done) => {
    (reply.raw ?? reply).on('finish', () => {});
    done();
  },
  context: (_, __, done) => storage.run({}, done),
};

async function build(adapter: AbstractHttpAdapter, part: string): Promise<INestApplication> {
  const hook = hooks[part];
  if (hook) adapter.setOnRequestHook?.(hook);
  const root = part === 'middleware' ? MiddlewareModule : AppModule;
  const app = await NestFactory.create(root, adapter, { logger: false });
  if (part === 'interceptor') app.useGlobalInterceptors(new PassThrough());
  return app;
}

await serve(({ adapter, option }) => build(adapter, option ?? ''));
