import 'reflect-metadata';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { Controller, Get, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, format, transports } from 'winston';
import { TraceContext, TracingLogger, TracingModule, traceFormat } from '../../../src/index.js';
import { serverOfVersion1 } from '../../instrumentation/mcp/hand-made.js';

// An application whose only logger is `console`, and which prints with all of its methods.

const { PLATFORM, LOGGER } = process.env;

@Controller()
class OrdersController {
  @Get('orders/:n')
  async list(@Param('n') n: string): Promise<string> {
    console.time(`time ${n}`);
    console.log('listed %s', n);
    await sleep(Number(n) % 7);
    console.table([{ order: n }]);
    console.group('group');
    console.count(`count ${n}`);
    console.count(`count ${n}`);
    console.timeLog(`time ${n}`, 'so far');
    console.groupEnd();
    console.timeEnd(`time ${n}`);
    console.error(new Error('not sent'));
    return n;
  }
}

/** winston's own transport, which writes to the streams of the console, or calls it. */
const logger =
  LOGGER === undefined
    ? undefined
    : createLogger({
        format: format.combine(traceFormat(), format.json()),
        transports: [new transports.Console({ forceConsole: LOGGER === 'console.log' })],
      });

@Module({
  imports: [
    TracingModule.forRoot({ console: true, ...(logger ? { logger } : { format: 'json' }) }),
  ],
  controllers: [OrdersController],
})
class AppModule {}

if (PLATFORM === undefined) {
  const app = await NestFactory.createApplicationContext(AppModule, { bufferLogs: true });
  app.useLogger(app.get(TracingLogger));
  await serverOfVersion1(app.get(TraceContext)).connect(new StdioServerTransport());
  console.log('served over stdio');
  console.table([{ a: 1 }]);
} else {
  console.time('start');
  const adapter = PLATFORM === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const app = await NestFactory.create(AppModule, adapter, { bufferLogs: true });
  app.useLogger(app.get(TracingLogger));
  await app.listen(0, '127.0.0.1');
  console.timeEnd('start');
  process.send?.({ port: (app.getHttpServer().address() as AddressInfo).port });
}
