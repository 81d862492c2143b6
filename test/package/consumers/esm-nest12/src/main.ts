import 'reflect-metadata';
import { createRequire } from 'node:module';
import { Controller, Get, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { TraceContext, TraceId, TracingLogger, TracingModule } from 'nestjs-tracing';

// A dependency of this application loads the other build of the package.
const require = createRequire(import.meta.url);
const other = require('nestjs-tracing') as typeof import('nestjs-tracing', {
  with: { 'resolution-mode': 'require' },
});

@Controller()
class HelloController {
  private readonly logger = new Logger(HelloController.name);

  constructor(
    private readonly trace: TraceContext,
    private readonly otherTrace: InstanceType<typeof other.TraceContext>,
  ) {}

  @Get('hello')
  async hello(@TraceId() traceId: string): Promise<object> {
    await Promise.resolve();
    this.logger.log('hello');
    return { traceId, esm: this.trace.requestId, commonjs: this.otherTrace.requestId };
  }
}
Reflect.defineMetadata('design:paramtypes', [TraceContext, other.TraceContext], HelloController);

@Module({
  imports: [TracingModule.forRoot({ service: 'esm-nest12' }), other.TracingModule.forRoot()],
  controllers: [HelloController],
})
class AppModule {}

if ((other.TraceContext as unknown) === TraceContext) throw new Error('there is only one build');

const express = () => NestFactory.create(AppModule, { bufferLogs: true });
const fastify = () =>
  NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), { bufferLogs: true });

for (const create of [express, fastify]) {
  const app = await create();
  app.useLogger(app.get(TracingLogger));
  await app.listen(0, '127.0.0.1');
  const response = await fetch(`${await app.getUrl()}/hello`, {
    headers: { 'x-request-id': 'req-001', connection: 'close' },
  });
  console.log(JSON.stringify({ message: 'answer', body: await response.json() }));
  await app.close();
}
