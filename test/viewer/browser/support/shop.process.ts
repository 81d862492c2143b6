import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { traceJson, TracingLogger, TracingModule } from 'nestjs-tracing';
import { TraceViewerModule } from 'nestjs-tracing/viewer';
import { transports } from 'winston';
import { SHOP } from './shop-parts.js';

// The shop in a process of its own, which listens on `PORT`, or on one that is free, and keeps its
// log to itself when `SILENT` is set.

const logger = { format: traceJson(), transports: new transports.Console({ silent: true }) };
const tracing = process.env['SILENT'] === undefined ? {} : { logger };

@Module({ imports: [TracingModule.forRoot(tracing), TraceViewerModule.forRoot()], ...SHOP })
class ShopModule {}

const app = await NestFactory.create(ShopModule, { bufferLogs: true });
app.useLogger(app.get(TracingLogger));
app.enableShutdownHooks();
await app.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1');
process.send?.({ port: (app.getHttpServer().address() as { port: number }).port });
