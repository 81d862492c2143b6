import 'reflect-metadata';
import { All, Body, Controller, Get, Logger, Module, Param, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { Span, TraceContext, TracingLogger, TracingModule } from '../../src/index.js';
import { TracingMetricsModule } from '../../src/metrics/index.js';
import { OtlpModule } from '../../src/otlp/index.js';
import { TraceViewerModule } from '../../src/viewer/index.js';
import { answerRunner } from '../soak/server-answers.js';
import { ServerStateReader } from '../soak/server-state.js';
import { ENTRY_ATTACKS } from './entry-attacks.js';

// The program of a server under attack for long: a real application, its log on standard output. It
// has metrics, and with `VIEWER` the trace viewer, with `COLLECTOR` the export.

/** Those that every call takes: the others are large. */
const ENTRIES = ENTRY_ATTACKS.filter(({ shapes }) => shapes === undefined);

const { VIEWER, COLLECTOR: url } = process.env;

@Controller()
class TargetController {
  private readonly logger = new Logger('Target');
  constructor(private readonly trace: TraceContext) {}

  @All()
  all(): string {
    this.logger.log('answering');
    return 'ok';
  }

  @Post('bodies')
  body(@Body() body: object): string {
    this.logger.log('body', body);
    return 'ok';
  }

  @Get('entries/:number')
  entry(@Param('number') number: string): string {
    const { make } = ENTRIES[Number(number) % ENTRIES.length]!;
    const value = make(app);
    this.logger.log('an entry', { value });
    this.logger.error(value);
    return 'ok';
  }

  @Get('fails/:name')
  @Span()
  async fails(@Param('name') name: string): Promise<never> {
    this.trace.set('name', name);
    await sleep(1);
    throw Object.assign(new Error(name), { code: name, config: { data: name.repeat(100) } });
  }

  @Get('waits')
  async waits(): Promise<string> {
    await sleep(20);
    return 'ok';
  }
}

@Module({
  imports: [
    TracingModule.forRoot(),
    TracingMetricsModule.forRoot({ registry: new Registry() }),
    ...(VIEWER === undefined ? [] : [TraceViewerModule.forRoot({ authorize: () => true })]),
    ...(url === undefined ? [] : [OtlpModule.forRoot({ url })]),
  ],
  controllers: [TargetController],
})
class AppModule {}

const adapter = process.argv[2] === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
const app = await NestFactory.create(AppModule, adapter as ExpressAdapter, { bufferLogs: true });
app.useLogger(app.get(TracingLogger));
const state = new ServerStateReader(app.getHttpServer() as Server);
await app.listen(0, '127.0.0.1');
await answerRunner(app, state);
