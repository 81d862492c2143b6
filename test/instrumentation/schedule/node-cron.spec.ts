import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Logger, Query } from '@nestjs/common';
import { SchedulerRegistry, ScheduleModule } from '@nestjs/schedule';
import { CronJob } from 'cron';
import { createTask, schedule, type ScheduledTask } from 'node-cron';
import { traceFields } from '../../../src/index.js';
import { eventually, type Line } from '../../support/line-sink.js';
import { PLATFORMS, tracedApp } from '../../support/traced-app.js';

const RUNS = 200;
const EACH_SECOND = '* * * * * *';
const logger = new Logger('Tasks');
const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** What the current request does. */
let work: (n: number) => unknown;

@Controller()
class Schedules {
  @Get()
  async get(@Query('n') n: string): Promise<unknown> {
    return { traceId: traceFields().trace_id, result: await work(Number(n)) };
  }
}

function keep(task: ScheduledTask): ScheduledTask {
  ends.push(() => task.destroy());
  return task;
}

describe.each(PLATFORMS)('a task that a request on %s schedules', (platform) => {
  async function start(imports: object[] = []) {
    const app = await tracedApp(platform)
      .of({ imports: imports as [], controllers: [Schedules] })
      .start();
    const get = async (n = 0): Promise<{ traceId: string; result: unknown }> =>
      (await (await app.send(`/?n=${n}`)).json()) as { traceId: string; result: unknown };
    const runs = async (count: number): Promise<Line[]> => {
      await eventually(() => app.sink.linesOf('Run finished').length >= count, `${count} runs`);
      return app.sink.linesOf('Run finished');
    };
    return { ...app, get, runs };
  }

  it('with node-cron runs in a trace of its own each time', async () => {
    const { get, runs, sink } = await start();
    work = () => {
      keep(schedule(EACH_SECOND, () => logger.log('tick'), { name: 'clean up' }));
      keep(schedule(EACH_SECOND, () => logger.log('unnamed')));
    };
    const { traceId } = await get();
    const lines = await runs(4);
    expect(new Set(lines.map((line) => line['job']))).toEqual(new Set(['clean up', EACH_SECOND]));
    expect(lines[0]).toMatchObject({ transport: 'cron', outcome: 'completed' });
    const traceIds = new Set(lines.map((line) => line.trace_id));
    expect(traceIds.size).toBe(lines.length);
    expect(traceIds.has(traceId)).toBe(false);
    for (const tick of [...sink.linesOf('tick'), ...sink.linesOf('unnamed')]) {
      expect(lines.filter((line) => line.span_id === tick.span_id)).toHaveLength(1);
    }
  });

  it('with node-cron has the error on its line, and its context in listeners', async () => {
    const { get, runs, sink } = await start();
    const silent = { info() {}, warn() {}, error() {}, debug() {} };
    work = async () => {
      const task = keep(
        createTask(
          EACH_SECOND,
          async () => {
            await Promise.resolve();
            throw new RangeError('no room');
          },
          { name: 'fail', logger: silent },
        ),
      );
      task.on('execution:failed', () => logger.log('on failed'));
      return task.execute().catch((error: unknown) => (error as Error).message);
    };
    expect((await get()).result).toBe('no room');
    const [end] = await runs(1);
    expect(end).toMatchObject({
      level: 'error',
      job: 'fail',
      outcome: 'errored',
      error: { name: 'RangeError', message: 'no room' },
    });
    expect(sink.linesOf('on failed')).toMatchObject([{ span_id: end?.span_id }]);
  });

  it(`with node-cron: ${RUNS} interleaved runs have ids of their own`, async () => {
    const { get, runs, sink } = await start();
    work = async (n) => {
      const task = keep(
        createTask(EACH_SECOND, async () => {
          logger.log('begins', { n });
          await new Promise((resolve) => setTimeout(resolve, n % 9));
          logger.log('ends', { n });
          return n;
        }),
      );
      return task.execute();
    };
    const answers = await Promise.all(Array.from({ length: RUNS }, (_, n) => get(n)));
    expect(answers.map(({ result }) => result)).toEqual(Array.from({ length: RUNS }, (_, n) => n));
    const lines = await runs(RUNS);
    expect(new Set(lines.map((line) => line.trace_id)).size).toBe(RUNS);
    const requests = new Set(answers.map(({ traceId }) => traceId));
    const begins = sink.linesOf('begins');
    for (const line of sink.linesOf('ends')) {
      expect(requests.has(line.trace_id)).toBe(false);
      expect(begins.find(({ n }) => n === line['n'])?.span_id).toBe(line.span_id);
    }
  });

  it('with cron itself runs in a trace of its own each time', async () => {
    const { get, runs, sink } = await start();
    work = () => {
      const onTick = (): void => logger.log('tick');
      const named = CronJob.from({ cronTime: EACH_SECOND, onTick, name: 'named', start: true });
      const failing = new CronJob(EACH_SECOND, () => Promise.reject(new Error('no cron')));
      Reflect.set(failing, 'errorHandler', () => {});
      failing.start();
      ends.push(
        () => named.stop(),
        () => failing.stop(),
      );
    };
    const { traceId } = await get();
    const lines = await runs(2);
    const named = lines.find((line) => line['job'] === 'named');
    expect(named).toMatchObject({ transport: 'cron', outcome: 'completed' });
    expect(named?.trace_id).not.toBe(traceId);
    expect(sink.linesOf('tick')[0]).toMatchObject({ span_id: named?.span_id });
    expect(lines.find((line) => line['job'] === EACH_SECOND)).toMatchObject({
      outcome: 'errored',
      error: { message: 'no cron' },
    });
  });

  it('with cron and a registry has the name that it has there, and one line', async () => {
    const { app, get, runs } = await start([ScheduleModule.forRoot()]);
    work = () => {
      const job = new CronJob('0 0 1 1 *', () => {});
      app.get(SchedulerRegistry, { strict: false }).addCronJob('nightly', job);
      return job.fireOnTick();
    };
    await get();
    expect((await runs(1)).map((line) => line['job'])).toEqual(['nightly']);
  });
});
