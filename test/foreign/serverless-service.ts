import 'reflect-metadata';
import {
  Body,
  Controller,
  Get,
  Logger,
  Module,
  Param,
  Post,
  StreamableFile,
  type INestApplication,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { TracingLogger, TracingModule } from '../../src/index.js';
import { TracingMetricsModule } from '../../src/metrics/index.js';
import { adaptersOf, type Answer, type Platform } from './serverless-adapters.js';
import { EVENT_KINDS, type Call } from './serverless-events.js';

// Sends overlapping requests through each adapter of a platform, without a server. The log goes to
// standard output, the rest to the parent.

const CALLS = 200;

/** What became of the requests of one adapter. */
export interface AdapterResult {
  readonly answers: Readonly<Record<string, Answer>>;
  /** `http_server_active_requests`: with a request that is never answered, and after the close. */
  readonly active: number;
  readonly activeAfterClose: number;
  readonly closeMs: number;
}

@Controller('orders')
class OrdersController {
  private readonly logger = new Logger('Orders');

  @Get('fails')
  async fails(): Promise<never> {
    this.logger.log('fails');
    await sleep(Math.random() * 20);
    throw new Error('the stock is unknown');
  }

  @Get('streamed')
  streamed(): StreamableFile {
    this.logger.log('streamed');
    return new StreamableFile(Buffer.from('id;name\n'));
  }

  @Get('never')
  never(): Promise<never> {
    this.logger.log('never');
    return new Promise(() => {});
  }

  @Get(':id')
  async find(@Param('id') id: string): Promise<{ id: string }> {
    this.logger.log(`finding ${id}`);
    await sleep(Math.random() * 20);
    this.logger.log(`found ${id}`);
    return { id };
  }

  @Post()
  async create(@Body() body: object): Promise<{ id: string }> {
    // Where `serverless-http` 3 has set it already, the body parser of Express leaves it alone.
    const { id } = (Buffer.isBuffer(body) ? JSON.parse(body.toString()) : body) as { id: string };
    this.logger.log(`creating ${id}`);
    await sleep(Math.random() * 20);
    this.logger.log(`created ${id}`);
    return { id };
  }
}

async function createApp(platform: Platform, registry: Registry): Promise<INestApplication> {
  @Module({
    imports: [
      TracingModule.forRoot({ service: 'shop', format: 'json' }),
      TracingMetricsModule.forRoot({ registry }),
    ],
    controllers: [OrdersController],
  })
  class AppModule {}
  const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  // The tests do the same on both, so the type of one is used for either.
  const app = await NestFactory.create(AppModule, adapter as ExpressAdapter, { bufferLogs: true });
  app.useLogger(app.get(TracingLogger));
  await app.init();
  // NestJS 11 does so only when it listens.
  app.flushLogs();
  if (platform === 'fastify') await (app.getHttpAdapter().getInstance() as FastifyInstance).ready();
  return app;
}

interface FastifyInstance {
  ready(): PromiseLike<unknown>;
}

function callOf(id: string, index: number): Call {
  switch (index % 5) {
    case 0:
      return { id, method: 'POST', path: '/orders', body: JSON.stringify({ id }) };
    case 1:
      return { id, method: 'GET', path: '/orders/fails' };
    case 2:
      return { id, method: 'GET', path: '/orders/streamed' };
    case 3:
      return { id, method: 'GET', path: '/nowhere', query: 'page=1' };
    default:
      return { id, method: 'GET', path: `/orders/${id}` };
  }
}

async function activeIn(registry: Registry): Promise<number> {
  const metric = await registry.getSingleMetric('http_server_active_requests')!.get();
  return metric.values.reduce((sum, { value }) => sum + value, 0);
}

async function run(platform: Platform, name: string): Promise<AdapterResult> {
  const registry = new Registry();
  const app = await createApp(platform, registry);
  const { key, connect } = adaptersOf(platform)[name]!;
  const invoke = connect(app);
  const kinds = EVENT_KINDS;
  const calls = Array.from({ length: CALLS }, async (_, index) => {
    const id = `${key}-${index}`;
    return [id, await invoke(callOf(id, index), kinds[index % kinds.length]!)] as const;
  });
  const answers = Object.fromEntries(await Promise.all(calls));
  // A function that runs out of time.
  void invoke({ id: `${key}-never`, method: 'GET', path: '/orders/never' }, kinds[0]!);
  // What is written or closed a moment after the answer, as a socket's client would see it too.
  for (let turns = 0; turns < 20; turns++) await turn();
  const active = await activeIn(registry);
  const closedAt = performance.now();
  await app.close();
  const closeMs = performance.now() - closedAt;
  return { answers, active, activeAfterClose: await activeIn(registry), closeMs };
}

const platform = process.env['PLATFORM'] as Platform;
const results: Record<string, AdapterResult> = {};
for (const name of Object.keys(adaptersOf(platform))) results[name] = await run(platform, name);
const isRestored = [IncomingMessage, ServerResponse].every(
  ({ prototype }) => !Object.hasOwn(prototype, 'emit'),
);
process.send?.({ results, isRestored }, () => process.disconnect());
