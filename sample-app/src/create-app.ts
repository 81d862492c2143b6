import type { INestApplication } from '@nestjs/common';
import { NestFactory, type AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TracingLogger, type TracingModuleOptions } from 'nestjs-tracing';
import { AppModule } from './app.module.js';

export type Platform = 'express' | 'fastify';

const adapters: Record<Platform, () => AbstractHttpAdapter> = {
  express: () => new ExpressAdapter(),
  fastify: () => new FastifyAdapter(),
};

export async function createApp(
  platform: Platform,
  tracing: TracingModuleOptions = {},
): Promise<INestApplication> {
  const app = await NestFactory.create(AppModule.register(tracing), adapters[platform](), {
    bufferLogs: true,
  });
  app.useLogger(app.get(TracingLogger));
  app.setGlobalPrefix('api');
  return app;
}

export function readPlatform(name = 'express'): Platform {
  if (Object.hasOwn(adapters, name)) return name as Platform;
  throw new Error(`PLATFORM is "${name}": use ${Object.keys(adapters).join(' or ')}.`);
}
