import { afterAll, afterEach, expect, it } from '@jest/globals';
import { BullModule as BullMQModule, InjectQueue as InjectBullMQ } from '@nestjs/bullmq';
import { Processor as BullMQProcessor, WorkerHost } from '@nestjs/bullmq';
import { BullModule, InjectQueue, Process, Processor } from '@nestjs/bull';
import { Controller, Get, Param, type INestApplication } from '@nestjs/common';
import type { Job as BullJob, Queue as BullQueue } from 'bull';
import type { Job, Queue } from 'bullmq';
import { TraceContext } from '../../src/index.js';
import { overlapRequests, pause, say } from '../foreign/overlapping-requests.js';
import { eventually, LineSink, type Line } from '../support/line-sink.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';
import { accessTo } from './servers/access.js';
import { deleteKeys } from './servers/delete-keys.js';

// An application that has both: it is moving from Bull to BullMQ.

const redis = accessTo('redis');
const prefix = `nestjs-tracing-both-${process.pid}`;
const { hostname, port } = new URL(redis.url === '' ? 'redis://localhost' : redis.url);

interface Mail {
  readonly n: number;
}
/** Every tenth mail cannot be sent. */
const isBroken = (n: number): boolean => n % 10 === 0;

redis.describe.each(PLATFORMS)('Bull and BullMQ side by side on %s', (platform) => {
  @Controller()
  class MailsController {
    constructor(
      private readonly trace: TraceContext,
      @InjectQueue('old') private readonly old: BullQueue<Mail>,
      @InjectBullMQ('new') private readonly fresh: Queue<Mail>,
    ) {}

    @Get('mails/:n')
    async send(@Param('n') n: string): Promise<void> {
      this.trace.set('own', `own-${n}`);
      say(n, 'sending');
      await Promise.all([
        this.old.add('mail', { n: Number(n) }),
        this.fresh.add('mail', { n: Number(n) }),
      ]);
      await pause();
      say(n, 'sent');
    }
  }

  async function work({ n }: Mail, by: string): Promise<void> {
    say(n, `${by} begins`);
    await pause();
    if (isBroken(n)) throw new Error(`mail ${n} cannot be sent`);
    say(n, `${by} ends`);
  }

  @Processor('old')
  class OldProcessor {
    @Process({ name: 'mail', concurrency: 20 })
    async send({ data }: BullJob<Mail>): Promise<void> {
      await work(data, 'Bull');
    }
  }

  @BullMQProcessor('new', { concurrency: 20 })
  class NewProcessor extends WorkerHost {
    async process({ data }: Job<Mail>): Promise<void> {
      await work(data, 'BullMQ');
    }
  }

  let app: INestApplication | undefined;
  afterEach(async () => {
    await app?.close();
    app = undefined;
  });
  afterAll(() => deleteKeys(redis.url, prefix));

  it('trace their jobs', async () => {
    const sink = new LineSink();
    const started = await tracedApp(platform, sink)
      .of({
        imports: [
          BullModule.forRoot({
            redis: { host: hostname, port: Number(port) },
            prefix: `${prefix}-old`,
          }),
          BullModule.registerQueue({ name: 'old' }),
          BullMQModule.forRoot({ connection: { url: redis.url }, prefix: `${prefix}-new` }),
          BullMQModule.registerQueue({ name: 'new' }),
        ],
        controllers: [MailsController],
        providers: [OldProcessor, NewProcessor],
      })
      .start();
    app = started.app;
    // Jobs have ids and access log lines of their own: their lines are looked at below.
    const isOfJob = ({ message, n }: Line): boolean =>
      /^(?:Bull|Job finished)/.test(message) || (n === undefined && message !== 'Request finished');
    const found = await overlapRequests(started, {
      path: (n) => `/mails/${n}`,
      isIgnored: isOfJob,
      lines: () => 2,
    });
    const jobs = (): Line[] => sink.linesOf('Job finished');
    const count = 2 * found.answers.length;
    await eventually(() => jobs().length >= count, `${count} jobs`);

    // Each job is a unit of work of its own, with the ids of the request that has added it.
    const bySpan = new Map(jobs().map((line) => [line.span_id, line]));
    expect(bySpan.size).toBe(count);
    const begun = sink.lines.filter(({ message }) => message.startsWith('Bull'));
    const foreign = begun.filter((line) => {
      const { requestId, traceId } = found.answers[Number(line['n'])]!;
      const job = bySpan.get(line.span_id);
      return [line, job].some((one) => one?.request_id !== requestId || one.trace_id !== traceId);
    });
    expect(foreign.slice(0, 3)).toEqual([]);
    for (const queue of ['old', 'new']) {
      const own = jobs().filter((line) => line['queue'] === queue);
      expect(own).toHaveLength(found.answers.length);
      const failed = own.filter(({ outcome }) => outcome === 'errored');
      expect(failed).toHaveLength(found.answers.filter(({ n }) => isBroken(n)).length);
    }
  });
});
