import { afterAll, afterEach, expect, it } from '@jest/globals';
import { BullModule, getQueueToken, Process, Processor } from '@nestjs/bull';
import {
  BullModule as BullmqModule,
  Processor as BullmqProcessor,
  getQueueToken as getBullmqToken,
  WorkerHost,
} from '@nestjs/bullmq';
import { Injectable, Logger, Module, Scope, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import Bull, { type Job, type Queue } from 'bull';
import type { Queue as BullmqQueue } from 'bullmq';
import { join } from 'node:path';
import { TraceContext, TracingLogger, TracingModule } from '../../src/index.js';
import { eventually, LineSink } from '../support/line-sink.js';
import { sinkLogger } from '../support/traced-app.js';
import { SandboxedLines, TRACED_PROCESSOR } from './sandboxed-lines.js';
import { accessTo } from './servers/access.js';
import { deleteKeys } from './servers/delete-keys.js';

const redis = accessTo('redis');
const prefix = `nestjs-tracing-bull-apps-${process.pid}`;
const SANDBOXED = join(process.cwd(), 'test/brokers/services/sandboxed-processor.cjs');

redis.describe('Bull in one process', () => {
  const running: INestApplicationContext[] = [];

  afterEach(async () => {
    for (const app of running.splice(0)) await app.close();
  });

  afterAll(() => deleteKeys(redis.url, prefix));

  async function start(
    name: string,
    registration: object,
    providers: (new (...args: never[]) => object)[],
    imports: object[] = [],
  ) {
    const sink = new LineSink();

    @Module({
      imports: [
        TracingModule.forRoot({ logger: sinkLogger(sink) }),
        BullModule.registerQueue({ name, url: redis.url, prefix, ...registration }),
        ...(imports as never[]),
      ],
      providers,
    })
    class AppModule {}
    const app = await NestFactory.createApplicationContext(AppModule, { bufferLogs: true });
    running.push(app);
    app.useLogger(app.get(TracingLogger));
    await app.init();
    const trace = app.get(TraceContext, { strict: false });
    const queue = app.get<Queue>(getQueueToken(name));
    /** Adds a job in a trace, whose id it returns. */
    const add = (job: string, data: object = {}): Promise<string> =>
      trace.run({}, async () => {
        await queue.add(job, data);
        return trace.traceId!;
      });
    return { app, sink, queue, trace, add };
  }

  async function finished(sink: LineSink, count = 1) {
    await eventually(() => sink.linesOf('Job finished').length >= count, `${count} jobs`);
    return sink.linesOf('Job finished');
  }

  it('finds the application of each queue', async () => {
    @Processor('a')
    class AProcessor {
      @Process('job')
      process(): void {}
    }
    @Processor('b')
    class BProcessor {
      @Process('job')
      process(): void {}
    }
    const a = await start('a', {}, [AProcessor]);
    const b = await start('b', {}, [BProcessor]);
    for (const [{ add, sink }, handler] of [
      [a, 'AProcessor.process'],
      [b, 'BProcessor.process'],
    ] as const) {
      const traceId = await add('job');
      expect(await finished(sink)).toMatchObject([{ handler, trace_id: traceId, attempt: 1 }]);
    }
  });

  it('works beside BullMQ', async () => {
    @Processor('old')
    class OldProcessor {
      @Process('job')
      process(): void {}
    }
    @BullmqProcessor('new')
    class NewProcessor extends WorkerHost {
      async process(): Promise<void> {}
    }
    const bullmq = BullmqModule.registerQueue({
      name: 'new',
      connection: { url: redis.url },
      prefix,
    });
    const { app, sink, queue, trace } = await start(
      'old',
      {},
      [OldProcessor, NewProcessor],
      [bullmq],
    );
    const traceId = await trace.run({}, async () => {
      await queue.add('job', {});
      await app.get<BullmqQueue>(getBullmqToken('new'), { strict: false }).add('job', {});
      return trace.traceId!;
    });
    const lines = await finished(sink, 2);
    expect(new Map(lines.map(({ transport, trace_id }) => [transport, trace_id]))).toEqual(
      new Map([
        ['bull', traceId],
        ['bullmq', traceId],
      ]),
    );
  });

  it('traces processors that are functions, and request-scoped ones', async () => {
    @Processor({ name: 'functions', scope: Scope.REQUEST })
    class ScopedProcessor {
      private readonly logger = new Logger('Scoped');

      @Process('scoped')
      handle(): void {
        this.logger.log('scoped');
      }
    }
    const logger = new Logger('function');
    const greet = ({ opts }: Job, done: () => void): void => {
      logger.log('greeted', { options: Object.keys(opts) });
      done();
    };
    const registration = { processors: [{ name: 'greet', callback: greet }] };
    const { add, sink } = await start('functions', registration, [ScopedProcessor]);
    const greeted = await add('greet');
    const scoped = await add('scoped');
    const lines = await finished(sink, 2);
    expect(lines.map(({ handler, trace_id }) => [handler, trace_id])).toEqual([
      [undefined, greeted],
      ['ScopedProcessor.handle', scoped],
    ]);
    expect(sink.linesOf('scoped')).toMatchObject([{ trace_id: scoped }]);
    const [line] = sink.linesOf('greeted');
    expect(line).toMatchObject({ trace_id: greeted });
    expect(line!['options']).not.toContain('nestjs-tracing');
  });

  it('has a line for a job that is processed in another process, which sees what was sent', async () => {
    const { queue, sink, trace } = await start('sandboxed', { processors: [SANDBOXED] }, []);
    const seen: string[] = [];
    queue.on('completed', (job: Job) => seen.push(JSON.stringify(job)));
    const { traceId, result } = await trace.run({}, async () => {
      const job = await queue.add({ n: 1 });
      return { traceId: trace.traceId, result: (await job.finished()) as unknown };
    });
    const [line, ...others] = await finished(sink);
    expect(others).toEqual([]);
    expect(line).toMatchObject({ trace_id: traceId, queue: 'sandboxed', outcome: 'completed' });
    expect(result).toEqual({
      data: { n: 1 },
      carrier: false,
      run: `00-${traceId}-${line!.span_id}-03`,
    });
    await eventually(() => seen.length > 0, 'the listener');
    expect(seen[0]).not.toContain('nestjs-tracing');
  });

  it('is continued by `traceTask` in another process, for each attempt and each run of a repeated job', async () => {
    const processors = [TRACED_PROCESSOR];
    const { queue, sink, trace } = await start('traced sandbox', { processors }, []);
    const sandbox = new SandboxedLines();
    const data = (n: number) => ({ n, lines: sandbox.file });
    const { traceId, result } = await trace.run({ requestId: 'req-7' }, async () => {
      const once = await queue.add(data(1));
      const retried = await queue.add(data(2), { attempts: 2 });
      await retried.finished();
      return { traceId: trace.traceId, result: (await once.finished()) as unknown };
    });
    await finished(sink, 3);
    const repeat = { every: 50, limit: 3 };
    const repeating = await trace.run({}, async () => {
      await queue.add(data(4), { repeat });
      return trace.traceId;
    });
    await finished(sink, 5);
    await queue.removeRepeatable(repeat);
    await sandbox.ends(5);
    const attempts = sink.linesOf('Job finished');
    expect(await sandbox.flawsOfParts(attempts)).toEqual([]);
    const [once, ...retries] = attempts.filter(({ trace_id }) => trace_id === traceId);
    expect([once, ...retries].map((line) => line?.['attempt'])).toEqual([1, 1, 2]);
    const traces = attempts.slice(3).map(({ trace_id }) => trace_id);
    expect(new Set([traceId, repeating, ...traces]).size).toBe(traces.length + 2);
    expect(result).toMatchObject({
      ids: { trace_id: traceId, request_id: 'req-7' },
      isCarrierSeen: false,
    });
    sandbox.remove();
  });

  it('traces a queue that a provider makes by hand', async () => {
    @Injectable()
    class Mails {
      readonly queue = new Bull('by hand', redis.url, { prefix });

      constructor() {
        void this.queue.process('mail', 1, () => Promise.resolve());
      }

      async onModuleDestroy(): Promise<void> {
        await this.queue.close();
      }
    }
    const { app, sink, trace } = await start('c', {}, [Mails]);
    const traceId = await trace.run({}, async () => {
      await app.get(Mails).queue.add('mail', {});
      return trace.traceId;
    });
    expect(await finished(sink)).toMatchObject([
      { trace_id: traceId, queue: 'by hand', outcome: 'completed' },
    ]);
  });

  it('opens its connection outside of the request that is the first to add a job', async () => {
    const { sink, queue, add } = await start('late', { skipVersionCheck: true }, []);
    const logger = new Logger('Errors');
    queue.on('error', ({ message }) => logger.log(`queue error ${message}`));
    await add('job');
    queue.client.emit('error', new Error('lost'));
    queue.client.disconnect(true);
    await queue.client.ping();
    expect(sink.linesOf('queue error lost')).toMatchObject([{ trace_id: '-' }]);
  });

  it('is as it was after the last application has closed', async () => {
    const { app, queue } = await start('undone', {}, []);
    const prototype = Object.getPrototypeOf(queue) as object;
    expect(Object.hasOwn(prototype, 'emit')).toBe(true);
    await app.close();
    running.splice(0);
    expect(Object.hasOwn(prototype, 'emit')).toBe(false);
  });
});
