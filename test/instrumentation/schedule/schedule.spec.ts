import { describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Injectable,
  Logger,
  Module,
  Scope,
  SetMetadata,
  type Provider,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cron, Interval, ScheduleModule, SchedulerRegistry, Timeout } from '@nestjs/schedule';
import { CronJob } from 'cron';
import { setTimeout as sleep } from 'node:timers/promises';
import { TraceContext } from '../../../src/index.js';
import { eventually, type Line } from '../../support/line-sink.js';
import { tracedApp, type TracedApp } from '../../support/traced-app.js';

const EVERY_SECOND = '* * * * * *';

function scheduled(...providers: Provider[]): Promise<TracedApp> {
  return tracedApp('express')
    .of({ imports: [ScheduleModule.forRoot()], providers })
    .start();
}

async function runs({ sink }: TracedApp, count: number): Promise<Line[]> {
  await eventually(() => sink.linesOf('Run finished').length >= count, `${count} runs`);
  return sink.linesOf('Run finished');
}

/** All lines of a run except its access log line. */
const linesWithin = ({ sink }: TracedApp, { request_id: id }: Line): Line[] =>
  sink.lines.filter((line) => line.request_id === id && line.message !== 'Run finished');

const idsOf = (lines: readonly Line[], key: 'trace_id' | 'request_id' | 'session_id') =>
  new Set(lines.map((line) => line[key]));

describe('a scheduled run', () => {
  it('has a trace of its own each time, from its first line to its last', async () => {
    @Injectable()
    class ReportService {
      private readonly logger = new Logger(ReportService.name);

      @Interval(20)
      async build() {
        this.logger.log('begin');
        await sleep(5);
        this.logger.log('end');
      }
    }
    const app = await scheduled(ReportService);
    const lines = (await runs(app, 4)).slice(0, 4);
    expect(idsOf(lines, 'trace_id').size).toBe(4);
    expect(idsOf(lines, 'request_id').size).toBe(4);
    expect(idsOf(lines, 'session_id').size).toBe(4);
    for (const line of lines) {
      expect(line).toMatchObject({
        level: 'info',
        transport: 'interval',
        job: 'ReportService.build',
        handler: 'ReportService.build',
        outcome: 'completed',
        trace_id: expect.stringMatching(/^[\da-f]{32}$/),
        duration_ms: expect.any(Number),
      });
      expect(line).not.toHaveProperty('parent_span_id');
      expect(line['duration_ms']).toBeGreaterThan(4);
      const within = linesWithin(app, line);
      expect(within.map(({ message }) => message)).toEqual(['begin', 'end']);
      expect(idsOf(within, 'trace_id')).toEqual(new Set([line.trace_id]));
    }
  });

  it('has the name and the kind of its job', async () => {
    @Injectable()
    class JobService {
      @Cron(EVERY_SECOND, { name: 'nightly' })
      cron() {}

      @Cron(EVERY_SECOND)
      nameless() {}

      @Interval('heartbeat', 30)
      interval() {}

      @Timeout('warm up', 60)
      timeout() {}
    }
    const app = await scheduled(JobService);
    const has = (job: string) =>
      app.sink.linesOf('Run finished').find((line) => line['job'] === job);
    const jobs = ['nightly', 'JobService.nameless', 'heartbeat', 'warm up'];
    await eventually(() => jobs.every((job) => has(job) !== undefined), 'all jobs');
    expect(jobs.map((job) => [has(job)?.['transport'], has(job)?.['handler']])).toEqual([
      ['cron', 'JobService.cron'],
      ['cron', 'JobService.nameless'],
      ['interval', 'JobService.interval'],
      ['timeout', 'JobService.timeout'],
    ]);
  });

  it.each([
    [
      'synchronously',
      (): void => {
        throw new Error('no paper');
      },
    ],
    [
      'later',
      async (): Promise<void> => {
        await sleep(3);
        throw new Error('no paper');
      },
    ],
  ])('that throws %s is logged by NestJS in its context, and goes on', async (_, fail) => {
    @Injectable()
    class PrintService {
      @Interval(20)
      print() {
        return fail();
      }
    }
    const app = await scheduled(PrintService);
    const lines = (await runs(app, 2)).slice(0, 2);
    expect(idsOf(lines, 'trace_id').size).toBe(2);
    for (const line of lines) {
      expect(line).toMatchObject({ level: 'error', outcome: 'errored' });
      const within = linesWithin(app, line);
      expect(within).toEqual([
        expect.objectContaining({
          level: 'error',
          context: 'Scheduler',
          trace_id: line.trace_id,
        }),
      ]);
      expect(JSON.stringify(within)).toContain('no paper');
      const messages = app.sink.lines.filter(({ request_id: id }) => id === line.request_id);
      expect(messages.at(-1)?.message).toBe('Run finished');
    }
    expect(app.sink.lines.filter((line) => line.trace_id === '-')).toEqual([]);
  });

  it('keeps `this`, the metadata and the names that decorators gave', async () => {
    const seen: unknown[] = [];
    const renaming: MethodDecorator = (_target, _key, descriptor) => {
      const original = descriptor.value as unknown as (this: unknown) => unknown;
      const replaced = function (this: unknown) {
        return original.call(this);
      };
      Object.defineProperty(replaced, 'name', { value: '' });
      descriptor.value = replaced as never;
    };

    @Injectable()
    class OwnerService {
      private readonly secret = 'mine';

      @Interval(20)
      @SetMetadata('kept', 'yes')
      @renaming
      run() {
        seen.push(this.secret);
      }
    }
    class HeirService extends OwnerService {}
    const app = await scheduled(HeirService);
    const [line] = await runs(app, 1);
    expect(line).toMatchObject({ handler: 'HeirService.run' });
    expect(seen[0]).toBe('mine');
    expect(Reflect.getMetadata('kept', OwnerService.prototype.run)).toBe('yes');
  });

  it('is still refused to a provider of request scope, with the warning of NestJS', async () => {
    let count = 0;
    @Injectable({ scope: Scope.REQUEST })
    class RequestScopedService {
      @Interval(10)
      run() {
        count++;
      }
    }
    const warnings: unknown[] = [];
    const warn = Logger.prototype.warn;
    Logger.prototype.warn = (message: unknown) => void warnings.push(message);
    const app = await scheduled(RequestScopedService);
    Logger.prototype.warn = warn;
    await sleep(50);
    expect(count).toBe(0);
    expect(app.sink.linesOf('Run finished')).toEqual([]);
    expect(String(warnings)).toContain('RequestScopedService@run');
  });

  it('does not mix with those that overlap it', async () => {
    @Injectable()
    class SlowService {
      private readonly logger = new Logger(SlowService.name);
      private count = 0;

      constructor(private readonly trace: TraceContext) {}

      @Interval(2)
      async run() {
        const run = this.count++;
        if (run >= 200) return;
        for (let step = 0; step < 4; step++) {
          this.logger.log({ message: 'step', run, seen: this.trace.traceId });
          await sleep((run * 7) % 13);
        }
      }
    }
    const app = await scheduled(SlowService);
    await runs(app, 200);
    const steps = app.sink.linesOf('step');
    const byRun = new Map<unknown, Line[]>();
    for (const line of steps) byRun.set(line['run'], [...(byRun.get(line['run']) ?? []), line]);
    const whole = [...byRun.values()].filter((lines) => lines.length === 4);
    expect(whole.length).toBeGreaterThan(190);
    expect(whole.filter((lines) => idsOf(lines, 'trace_id').size !== 1)).toEqual([]);
    expect(new Set(whole.map(([line]) => line!.trace_id)).size).toBe(whole.length);
    expect(steps.filter((line) => line['seen'] !== line.trace_id)).toEqual([]);
  });
});

describe('a cron job', () => {
  it('with `waitForCompletion` has one trace for each run that takes place', async () => {
    let active = 0;
    let most = 0;
    @Injectable()
    class LongService {
      @Cron(EVERY_SECOND, { waitForCompletion: true })
      async run() {
        most = Math.max(most, ++active);
        await sleep(1_300);
        active--;
      }
    }
    const app = await scheduled(LongService);
    const lines = await runs(app, 2);
    expect(most).toBe(1);
    expect(idsOf(lines, 'trace_id').size).toBe(2);
    expect(lines[0]!['duration_ms']).toBeGreaterThan(1_290);
  });

  it('runs once in a trace however many parts of it are traced', async () => {
    @Injectable()
    class OnceService {
      private readonly logger = new Logger('once');

      @Cron(EVERY_SECOND, { name: 'once' })
      run() {
        this.logger.log('ran');
      }
    }
    const app = await scheduled(OnceService);
    await app.app.get(SchedulerRegistry).getCronJob('once').fireOnTick();
    const [line] = await runs(app, 1);
    const [ran] = app.sink.linesOf('ran');
    expect(ran?.request_id).toBe(line!.request_id);
    expect(app.sink.linesOf('Run finished')).toHaveLength(app.sink.linesOf('ran').length);
  });
});

describe('a cron job that is added by hand', () => {
  const logger = new Logger('dynamic');

  @Controller()
  class JobController {
    constructor(private readonly registry: SchedulerRegistry) {}

    @Get('start')
    start() {
      logger.log('starting');
      const errorHandler = (): void => logger.log('handled');
      const job = CronJob.from({
        cronTime: EVERY_SECOND,
        errorHandler,
        onTick: async () => {
          logger.log('ticked');
          await sleep(3);
          throw new Error('late');
        },
      });
      this.registry.addCronJob('by hand', job as never);
      job.addCallback(() => logger.log('second'));
      job.start();
    }
  }

  it('does not run in the context of the request that added it', async () => {
    const app = await tracedApp('express')
      .of({ imports: [ScheduleModule.forRoot()], controllers: [JobController] })
      .start();
    await app.send('/start');
    const lines = await runs(app, 4);
    const starting = app.sink.linesOf('starting')[0]!;
    expect(idsOf(lines, 'trace_id').size).toBe(4);
    expect(idsOf(lines, 'trace_id').has(starting.trace_id)).toBe(false);
    expect(lines.filter((line) => line['outcome'] === 'errored').length).toBeGreaterThanOrEqual(2);
    for (const line of lines) expect(line).toMatchObject({ transport: 'cron', job: 'by hand' });
    for (const line of app.sink.linesOf('ticked').slice(0, 2)) {
      expect(idsOf(lines, 'request_id')).toContain(line.request_id);
    }
    const seconds = app.sink.linesOf('second').map((line) => line.trace_id);
    expect(seconds.every((id) => lines.some((line) => line.trace_id === id))).toBe(true);
    // The package's own error handler is called outside of the run.
    expect(new Set(app.sink.linesOf('handled').map((line) => line.trace_id))).toEqual(
      new Set(['-']),
    );
    expect(app.sink.lines.filter((line) => line.trace_id === starting.trace_id)).toHaveLength(2);
  });

  it('is traced too when it was registered before the others', async () => {
    @Injectable()
    class EarlyService {
      constructor(registry: SchedulerRegistry) {
        const job = new CronJob(EVERY_SECOND, () => logger.log('early'));
        registry.addCronJob('early', job as never);
        job.start();
      }
    }
    const app = await scheduled(EarlyService);
    const [line] = await runs(app, 1);
    expect(line).toMatchObject({ job: 'early', transport: 'cron', outcome: 'completed' });
    expect(app.sink.linesOf('early')[0]?.trace_id).toBe(line!.trace_id);
  });
});

describe('two applications of one process', () => {
  it('each write the lines of their own jobs', async () => {
    const make = (name: string): Promise<TracedApp> => {
      @Injectable()
      class OwnService {
        @Interval(name, 20)
        run() {}
      }
      return scheduled(OwnService);
    };
    const [one, two] = await Promise.all([make('one'), make('two')]);
    expect(new Set((await runs(one, 3)).map((line) => line['job']))).toEqual(new Set(['one']));
    expect(new Set((await runs(two, 3)).map((line) => line['job']))).toEqual(new Set(['two']));
  });

  it('leave one alone that is not traced', async () => {
    const traced = await scheduled();
    const seen: unknown[] = [];

    @Injectable()
    class PlainService {
      @Interval(10)
      run() {
        seen.push(traced.app.get(TraceContext).traceId);
      }
    }
    @Module({ imports: [ScheduleModule.forRoot()], providers: [PlainService] })
    class PlainModule {}
    const plain = await NestFactory.createApplicationContext(PlainModule, { logger: false });
    await eventually(() => seen.length > 1, 'two runs');
    await plain.close();
    expect(new Set(seen)).toEqual(new Set([undefined]));
    expect(traced.sink.linesOf('Run finished')).toEqual([]);
  });
});
