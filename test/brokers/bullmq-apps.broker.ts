import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { BullModule, getQueueToken, Processor, WorkerHost } from '@nestjs/bullmq';
import { Injectable, Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Queue, QueueEvents, Worker, type Job } from 'bullmq';
import { join } from 'node:path';
import { TraceContext, TracingLogger, TracingModule, traceWorker } from '../../src/index.js';
import { eventually, LineSink } from '../support/line-sink.js';
import { sinkLogger } from '../support/traced-app.js';
import { SandboxedLines, TRACED_PROCESSOR } from './sandboxed-lines.js';
import { accessTo } from './servers/access.js';
import { deleteKeys } from './servers/delete-keys.js';

const redis = accessTo('redis');
const connection = { url: redis.url };
const prefix = `nestjs-tracing-apps-${process.pid}`;
const SANDBOXED = join(process.cwd(), 'test/brokers/services/sandboxed-processor.cjs');

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

  it.each([
    { title: 'a process', name: 'forked', options: {} },
    { title: 'a thread', name: 'threaded', options: { useWorkerThreads: true } },
  ])(
    'has a line for each job of a processor in $title of its own, which gets the trace',
    async ({ name, options }) => {
      const processors = [{ path: SANDBOXED, ...options }];
      const { queue, sink, trace } = await start(name, { processors }, []);
      const events = new QueueEvents(name, { connection, prefix });
      await events.waitUntilReady();
      const { traceId, result } = await trace.run({}, async () => {
        const good = await queue.add('far', { n: 1 });
        const bad = await queue.add('far', { fails: true });
        await bad.waitUntilFinished(events, 10_000).catch(() => {});
        const answer = (await good.waitUntilFinished(events, 10_000)) as unknown;
        return { traceId: trace.traceId, result: answer };
      });
      await events.close();
      await eventually(() => sink.linesOf('Job finished').length > 1, 'two jobs');
      const lines = sink.linesOf('Job finished');
      expect(lines).toMatchObject([
        { trace_id: traceId, queue: name, job: 'far', outcome: 'completed' },
        { trace_id: traceId, outcome: 'errored', error: { message: 'failed far away' } },
      ]);
      expect(result).toEqual({
        data: { n: 1 },
        carrier: false,
        run: `00-${traceId}-${lines[0]!.span_id}-03`,
      });
    },
    20_000,
  );

  it.each([
    { title: 'a process', name: 'traced forks', options: {} },
    { title: 'a thread', name: 'traced threads', options: { useWorkerThreads: true } },
  ])(
    'is continued by `traceTask` in $title of its own, for each attempt and each run of a scheduled job',
    async ({ name, options }) => {
      const processors = [{ path: TRACED_PROCESSOR, ...options }];
      const { queue, sink, trace } = await start(name, { processors }, []);
      const sandbox = new SandboxedLines();
      const events = new QueueEvents(name, { connection, prefix });
      await events.waitUntilReady();
      const data = (n: number) => ({ n, lines: sandbox.file });
      const { traceId, result } = await trace.run({ requestId: 'req-7' }, async () => {
        const job = await queue.add('once', data(1));
        const answer: unknown = await job.waitUntilFinished(events, 20_000);
        await queue.add('retried', data(2), { attempts: 2 });
        await queue.add('put back', { ...data(3), putsBack: true });
        return { traceId: trace.traceId, result: answer };
      });
      await events.close();
      await eventually(() => sink.linesOf('Job finished').length > 4, 'five attempts');
      const scheduling = await trace.run({}, async () => {
        await queue.upsertJobScheduler(
          'every',
          { every: 50, limit: 3 },
          { name: 'scheduled', data: data(4) },
        );
        return trace.traceId;
      });
      const runs = () => sink.linesOf('Job finished').filter(({ job }) => job === 'scheduled');
      await eventually(() => runs().length > 1, 'two runs');
      await queue.removeJobScheduler('every');
      const attempts = sink.linesOf('Job finished');
      expect(await sandbox.flawsOfParts(attempts)).toEqual([]);
      const ofRequest = attempts.filter(({ trace_id }) => trace_id === traceId);
      expect(
        ofRequest
          .map(({ job, attempt }) => `${String(job)} ${String(attempt)}`)
          .toSorted((a, b) => a.localeCompare(b)),
      ).toEqual(['once 1', 'put back 1', 'put back 2', 'retried 1', 'retried 2']);
      const traces = runs().map(({ trace_id }) => trace_id);
      expect(new Set([traceId, scheduling, ...traces]).size).toBe(traces.length + 2);
      expect(result).toMatchObject({
        ids: { trace_id: traceId, request_id: 'req-7' },
        isCarrierSeen: false,
      });
      sandbox.remove();
    },
  );

  it('traces processors that are functions, each in the application that provides its queue', async () => {
    const logger = new Logger('function');
    const work = ({ data, opts }: Job<{ n: number }>): Promise<void> => {
      logger.log('working', { n: data.n, options: Object.keys(opts) });
      return data.n === 2 ? Promise.reject(new Error('no two')) : Promise.resolve();
    };
    const a = await start('functions a', { processors: [work] }, []);
    const b = await start('functions b', { processors: [{ callback: work, concurrency: 5 }] }, []);
    for (const { queue, sink, trace } of [a, b]) {
      const traceId = await trace.run({}, async () => {
        await queue.addBulk([1, 2, 3].map((n) => ({ name: 'job', data: { n } })));
        return trace.traceId;
      });
      await eventually(() => sink.linesOf('Job finished').length > 2, 'three jobs');
      const lines = sink.linesOf('Job finished');
      expect(
        lines.map(({ outcome }) => String(outcome)).toSorted((a, b) => a.localeCompare(b)),
      ).toEqual(['completed', 'completed', 'errored']);
      expect(new Set(lines.map(({ trace_id }) => trace_id))).toEqual(new Set([traceId]));
      expect(new Set(lines.map(({ span_id }) => span_id)).size).toBe(3);
    }
    // Loggers of NestJS write to the application that was started last.
    const working = b.sink.linesOf('working');
    expect(working.map(({ options }) => options)).not.toContainEqual(
      expect.arrayContaining(['nestjs-tracing']),
    );
    const ofA = new Set(a.sink.linesOf('Job finished').map(({ span_id }) => span_id));
    const ofB = new Set(b.sink.linesOf('Job finished').map(({ span_id }) => span_id));
    expect(working.filter(({ span_id }) => ofA.has(span_id))).toHaveLength(3);
    expect(working.filter(({ span_id }) => ofB.has(span_id))).toHaveLength(3);
  });

  describe('a worker made by hand', () => {
    const workers: { close(): Promise<void> }[] = [];
    afterEach(async () => {
      for (const worker of workers.splice(0)) await worker.close();
    });

    @Injectable()
    class Mails {
      readonly queue = new Queue('by hand', { connection, prefix });

      async onModuleDestroy(): Promise<void> {
        await this.queue.close();
      }
    }

    it('is traced with `traceWorker`, with the trace of a queue made by hand', async () => {
      const logger = new Logger('worker');
      const worker = new Worker(
        'by hand',
        async ({ data }: Job<{ n: number }>) => {
          logger.log('working', data);
          await Promise.resolve();
          if (data.n % 2 === 0) throw new Error('even');
        },
        { connection, prefix, autorun: false, concurrency: 10 },
      );
      workers.push(worker);
      // Before there is an application.
      expect(traceWorker(worker)).toBe(worker);
      expect(traceWorker(worker)).toBe(worker);
      worker.on('failed', (job, error) =>
        logger.log('failed', { n: job?.data.n, why: error.message }),
      );
      const { app, sink, trace } = await start('c', {}, [Mails]);
      void worker.run();
      const ids = await Promise.all(
        [1, 2, 3].map((n) =>
          trace.run({}, async () => {
            await app.get(Mails).queue.add('mail', { n }, { attempts: 2 });
            return trace.traceId;
          }),
        ),
      );
      await eventually(() => sink.linesOf('Job finished').length > 3, 'four attempts');
      for (const n of [1, 2, 3]) {
        const lines = sink.linesOf('Job finished').filter((one) => one.trace_id === ids[n - 1]);
        expect(lines.map(({ attempt, outcome }) => [attempt, outcome])).toEqual(
          n === 2
            ? [
                [1, 'errored'],
                [2, 'errored'],
              ]
            : [[1, 'completed']],
        );
        const own = sink.lines.filter((line) => line['n'] === n);
        expect(new Set(own.map(({ trace_id }) => trace_id))).toEqual(new Set([ids[n - 1]]));
      }
      await eventually(() => sink.linesOf('failed').length > 1, 'two failures');
      expect(sink.linesOf('failed').map(({ n }) => n)).toEqual([2, 2]);
    });

    it('works as before without an application, and without `traceWorker`', async () => {
      const done: unknown[] = [];
      const process = ({ data }: Job): Promise<void> => Promise.resolve(void done.push(data));
      workers.push(traceWorker(new Worker('lonely', process, { connection, prefix })));
      const queue = new Queue('lonely', { connection, prefix });
      await queue.add('job', 1);
      await eventually(() => done.length > 0, 'the first job');
      const { sink } = await start('d', {}, []);
      workers.push(new Worker('own', process, { connection, prefix }));
      const own = new Queue('own', { connection, prefix });
      await own.add('job', 2);
      await queue.add('job', 3);
      await eventually(() => sink.linesOf('Job finished').length > 0, 'the traced job');
      await eventually(() => done.length > 2, 'three jobs');
      expect(sink.linesOf('Job finished')).toMatchObject([{ queue: 'lonely' }]);
      await Promise.all([queue.close(), own.close()]);
    });
  });
});
