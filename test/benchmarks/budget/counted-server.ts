import { answerParent, programArguments } from './counted-host.js';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TracingLogger } from 'nestjs-tracing';
import { type ApplicationName, applications, isTraced } from './applications.js';

const [platform, name] = programArguments as [string, ApplicationName];

@Module(applications[name]())
class AppModule {}

const adapter = platform === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
const logging = isTraced(name) ? { bufferLogs: true } : { logger: false as const };
const app = await NestFactory.create(AppModule, adapter, logging);
if (isTraced(name)) app.useLogger(app.get(TracingLogger));
await app.listen(0, '127.0.0.1');
await answerParent(Number(new URL(await app.getUrl()).port));
