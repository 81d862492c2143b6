import { afterAll, afterEach, expect, it } from '@jest/globals';
import { BullModule, getQueueToken, Processor, WorkerHost } from '@nestjs/bullmq';
import { Injectable, Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { QueueEvents, type Job, type Queue } from 'bullmq';
import { join } from 'node:path';
import { TraceContext, TracingLogger, TracingModule } from '../../src/index.js';
import { eventually, LineSink } from '../support/line-sink.js';
import { sinkLogger } from '../support/traced-app.js';
import { accessTo } from './servers/access.js';
import { deleteKeys } from './servers/delete-keys.js';

const redis = accessTo('redis');
const connection = { url: redis.url };
const prefix = `nestjs-tracing-apps-${process.pid}`;

redis.describe('BullMQ in one process', () => {
  const running: INestApplicationContext[] = [];

  afterEach(async () => {
    for (const app of running.splice(0)) await app.close();
  });

  afterAll(() => deleteKeys(redis.url, prefix));

  async function start(
    queue: string,
    registration: object,
    providers: (new () => object)[],
    sink = new LineSink(),
  ) {
    @Module({
      imports: [
        TracingModule.forRoot({ logger: sinkLogger(sink) }),
        BullModule.registerQueue({ name: queue, connection, prefix, ...registration }),
      ],
      providers,
    })
    class AppModule {}
    const app = await NestFactory.createApplicationContext(AppModule, { bufferLogs: true });
    running.push(app);
    app.useLogger(app.get(TracingLogger));
    const bull = app.get<Queue>(getQueueToken(queue));
    return { app, sink, queue: bull, trace: app.get(TraceContext, { strict: false }) };
  }

  it('finds the application of each worker', async () => {
    @Processor('a')
    class AProcessor extends WorkerHost {
      process(): Promise<string> {
        return Promise.resolve('a');
      }
    }
    @Processor('b')
    class BProcessor extends WorkerHost {
      process(): Promise<string> {
        return Promise.resolve('b');
      }
    }
    const a = await start('a', {}, [AProcessor]);
    const b = await start('b', {}, [BProcessor]);
    const traceId = await a.trace.run({}, async () => {
      await Promise.all([a.queue.add('to a', {}), b.queue.add('to b', {})]);
      return a.trace.traceId;
    });
    for (const [{ sink }, handler] of [
      [a, 'AProcessor.process'],
      [b, 'BProcessor.process'],
    ] as const) {
      await eventually(() => sink.linesOf('Job finished').length > 0, handler);
      expect(sink.linesOf('Job finished')).toEqual([
        expect.objectContaining({ handler, trace_id: traceId, attempt: 1 }),
      ]);
    }
  });

  it('lets the same worker be changed by others', async () => {
    @Processor('c')
    class CProcessor extends WorkerHost {
      private readonly logger = new Logger('C');

      process(): Promise<void> {
        this.logger.log('working');
        return Promise.resolve();
      }
    }
    @Injectable()
    class Others {
      readonly seen: string[] = [];
    }
    const { app, queue, sink, trace } = await start('c', {}, [CProcessor, Others]);
    const { seen } = app.get(Others);
    const { worker } = app.get(CProcessor);
    worker.on('error', (error) => seen.push(`${error.message} ${trace.traceId}`));
    worker.emit('error', new Error('no job of anybody'));
    worker.on('completed', (job: Job) => seen.push(`completed ${job.name} ${trace.traceId}`));
    const traceId = await trace.run({}, async () => {
      await queue.add('one', {});
      return trace.traceId;
    });
    await eventually(() => seen.length > 1, 'the listener of somebody else');
    expect(seen).toEqual(['no job of anybody undefined', `completed one ${traceId}`]);
    expect(sink.linesOf('working')).toEqual([expect.objectContaining({ trace_id: traceId })]);
  });

  it('adds jobs for processors in other processes, which have no context', async () => {
    const processors = [join(process.cwd(), 'test/brokers/services/sandboxed-processor.cjs')];
    const { queue, sink, trace } = await start('sandboxed', { processors }, []);
    const events = new QueueEvents('sandboxed', { connection, prefix });
    await events.waitUntilReady();
    const job = await trace.run({}, () => queue.add('far', { n: 1 }));
    const result: unknown = await job.waitUntilFinished(events, 5000);
    await events.close();
    expect(result).toEqual({ data: { n: 1 }, carrier: false });
    expect(sink.linesOf('Job finished')).toEqual([]);
  });
});
