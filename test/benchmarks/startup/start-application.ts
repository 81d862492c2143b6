import { setTimeout as sleep } from 'node:timers/promises';
import {
  Controller,
  Get,
  type INestApplication,
  Module,
  type ModuleMetadata,
} from '@nestjs/common';
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core';
import type { ApplicationKind } from './startup-section.js';

// What is measured is the whole process, from its begin to an application that is ready. All that
// differs between applications is imported where one is made.

/** Timers and promises of the start have come to an end. */
const restMs = 200;

@Controller()
class AppController {
  @Get()
  find(): string {
    return 'found';
  }
}

const applications: Readonly<Record<ApplicationKind, () => Promise<INestApplication>>> = {
  bare: async () => NestFactory.create(moduleWith(), await adapter(), { logger: false }),
  winston: async () => {
    await import('winston');
    return NestFactory.create(moduleWith(), await adapter(), { logger: false });
  },
  'nestjs-tracing': async () => {
    const { TracingLogger, TracingModule } = await import('nestjs-tracing');
    const root = moduleWith(TracingModule.forRoot());
    const app = await NestFactory.create(root, await adapter(), { bufferLogs: true });
    app.useLogger(app.get(TracingLogger));
    return app;
  },
  'nestjs-pino': async () => {
    const { Logger, LoggerModule } = await import('nestjs-pino');
    const root = moduleWith(LoggerModule.forRoot());
    const app = await NestFactory.create(root, await adapter(), { bufferLogs: true });
    app.useLogger(app.get(Logger));
    return app;
  },
};

const [, , kind = '', platform = ''] = process.argv;
const app = await applications[kind as ApplicationKind]();
await app.init();
const wall = performance.now();
const { user, system } = process.cpuUsage();
await sleep(restMs);
globalThis.gc?.();
const { heapUsed, rss } = process.memoryUsage();
process.send?.({ wall, cpu: (user + system) / 1_000, heapUsed, rss });
await app.close();
process.disconnect?.();

function moduleWith(...imports: NonNullable<ModuleMetadata['imports']>) {
  @Module({ imports, controllers: [AppController] })
  class AppModule {}
  return AppModule;
}

async function adapter(): Promise<AbstractHttpAdapter> {
  if (platform === 'fastify') {
    const { FastifyAdapter } = await import('@nestjs/platform-fastify');
    return new FastifyAdapter();
  }
  const { ExpressAdapter } = await import('@nestjs/platform-express');
  return new ExpressAdapter();
}
