import { afterAll, afterEach, expect, it } from '@jest/globals';
import { BullModule, getQueueToken, Processor, WorkerHost } from '@nestjs/bullmq';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Job, Queue } from 'bullmq';
import { createLogger, transports } from 'winston';
import { TraceContext, traceJson, TracingLogger, TracingModule } from '../../src/index.js';
import { eventually, LineSink } from '../support/line-sink.js';
import { accessTo } from './servers/access.js';
import { deleteKeys } from './servers/delete-keys.js';

const redis = accessTo('redis');
const prefix = `nestjs-tracing-recorder-${process.pid}`;

@Processor('orders', { concurrency: 4 })
class OrdersProcessor extends WorkerHost {
  private readonly logger = new Logger('Orders');

  async process({ data, attemptsMade }: Job<{ n: number }>): Promise<void> {
    this.logger.debug('begin', { n: data.n });
    if (data.n % 2 === 1 && attemptsMade === 0) throw new Error('broken');
  }
}

redis.describe('the flight recorder in jobs of BullMQ', () => {
  let app: INestApplicationContext | undefined;

  afterEach(() => app?.close());
  afterAll(() => deleteKeys(redis.url, prefix));

  it('writes of attempts that fail, with the ids of their job', async () => {
    const sink = new LineSink();
    const logger = createLogger({
      level: 'info',
      format: traceJson({ service: 'test' }),
      transports: new transports.Stream({ stream: sink }),
    });
    @Module({
      imports: [
        TracingModule.forRoot({ logger, flightRecorder: { when: ['errored'] } }),
        BullModule.registerQueue({ name: 'orders', connection: { url: redis.url }, prefix }),
      ],
      providers: [OrdersProcessor],
    })
    class AppModule {}
    app = await NestFactory.createApplicationContext(AppModule, { bufferLogs: true });
    app.useLogger(app.get(TracingLogger));
    const queue = app.get<Queue>(getQueueToken('orders'));
    const trace = app.get(TraceContext, { strict: false });
    await Promise.all(
      [0, 1, 2, 3].map((n) =>
        trace.run({ requestId: `r-${n}` }, () => queue.add('pay', { n }, { attempts: 2 })),
      ),
    );
    // Two of them have a second attempt, which is well.
    await eventually(() => sink.linesOf('Job finished').length >= 6, 'six attempts');
    const { lines } = sink;
    const recorded = lines.filter((line) => line['recorded'] === true);
    expect(recorded.map(({ n }) => n).toSorted((a, b) => Number(a) - Number(b))).toEqual([1, 3]);
    for (const entry of recorded) {
      const { trace_id, request_id, session_id, span_id } = entry;
      expect(request_id).toBe(`r-${String(entry['n'])}`);
      expect(lines[lines.indexOf(entry) + 1]).toMatchObject({
        message: 'Job finished',
        outcome: 'errored',
        attempt: 1,
        ...{ trace_id, request_id, session_id, span_id },
      });
    }
  });
});
