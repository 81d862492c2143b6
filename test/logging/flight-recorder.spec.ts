import { describe, expect, it, jest } from '@jest/globals';
import {
  BadRequestException,
  ConflictException,
  Controller,
  ForbiddenException,
  Get,
  Logger,
  NotFoundException,
  Param,
  Query,
} from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { config, createLogger, format, transports } from 'winston';
import {
  subscribeApplication,
  TraceContext,
  traceJson,
  traceLogger,
  TracingLogger,
  type TracingModuleOptions,
} from '../../src/index.js';
import { heldByRecordings } from '../../src/trace/recording.js';
import { LineSink, eventually, type Line } from '../support/line-sink.js';
import { PLATFORMS, tracedApp, type Platform, type TracedApp } from '../support/traced-app.js';

const ERRORS: Readonly<Record<string, () => Error>> = {
  broken: () => new Error('broken'),
  bad: () => new BadRequestException('bad'),
  conflict: () => new ConflictException('taken'),
  forbidden: () => new ForbiddenException('no'),
  missing: () => new NotFoundException('none'),
};

@Controller()
class OrdersController {
  private readonly logger = new Logger('Orders');

  constructor(private readonly trace: TraceContext) {}

  @Get('ends/:how')
  async ends(@Param('how') how: string, @Query('n') n = '1'): Promise<string> {
    this.logger.debug(`first of ${n}`);
    this.trace.set('order', n);
    await sleep(Number(n) % 5);
    this.trace.span('load', () => this.logger.debug('second', { n, of: how }));
    this.logger.log('written');
    if (how === 'slow') await sleep(30);
    if (how === 'error') this.logger.error('something is wrong');
    if (how === 'keep') this.trace.keep();
    const error = ERRORS[how]?.();
    if (error !== undefined) throw error;
    return how;
  }

  @Get('many/:count')
  many(@Param('count') count: string): never {
    for (let i = 0; i < Number(count); i++) this.logger.debug(`entry ${i}`);
    throw new Error('broken');
  }

  @Get('late')
  late(): string {
    setTimeout(() => this.logger.debug('late'), 30);
    this.logger.error('wrong');
    return 'late';
  }

  @Get('changes')
  changes(): never {
    const user = { name: 'Ada', tags: ['a'], address: { city: 'London' } };
    const when = new Date('2026-01-01T00:00:00Z');
    const seen = new Map<string, unknown>([['k', { v: 1 }]]);
    const error = new Error('before');
    class Cart {
      items = [{ sku: 'x', n: 1 }];
    }
    const cart = new Cart();
    const self: Record<string, unknown> = { name: 'self' };
    self['self'] = self;
    this.logger.debug('user', { user, when, seen, bytes: Buffer.from('ab'), set: new Set([1]) });
    this.logger.debug('%s in %j', 'Ada', user);
    this.logger.debug(user);
    this.logger.debug('cart', cart);
    this.logger.debug('failed', error);
    this.logger.debug('self', self);
    user.name = 'Bob';
    user.tags.push('b');
    user.address.city = 'Paris';
    when.setFullYear(1999);
    seen.clear();
    error.message = 'after';
    cart.items[0]!.n = 2;
    self['name'] = 'other';
    throw new Error('broken');
  }
}

function start(platform: Platform, options: TracingModuleOptions = {}): Promise<TracedApp> {
  const sink = new LineSink();
  const logger = createLogger({
    level: 'info',
    format: traceJson({ service: 'test' }),
    transports: new transports.Stream({ stream: sink }),
  });
  return tracedApp(platform, sink)
    .with({ logger, flightRecorder: true, accessLog: { slowerThan: 5000 }, ...options })
    .of({ controllers: [OrdersController] })
    .start();
}

function recorded(sink: LineSink): Line[] {
  return sink.lines.filter((line) => line['recorded'] === true);
}

describe.each(PLATFORMS)('the flight recorder on %s', (platform) => {
  it.each([
    ['broken', true],
    ['bad', true],
    ['conflict', true],
    ['slow', true],
    ['error', true],
    ['keep', true],
    ['well', false],
    ['forbidden', false],
    ['missing', false],
  ])('of a request that ends as %s writes: %s', async (how, isWritten) => {
    const accessLog = { slowerThan: how === 'slow' ? 20 : 5000 };
    const { send, sink } = await start(platform, { accessLog });
    await send(`/ends/${how}`);
    await sink.finishes(1);
    const texts = recorded(sink).map(({ message }) => message);
    expect(texts).toEqual(isWritten ? ['first of 1', 'second'] : []);
    expect(heldByRecordings()).toEqual({ bytes: 0, recordings: 0 });
    if (!isWritten) return;
    // Directly before the access log line, with what they had when they were logged.
    const { lines } = sink;
    expect(lines.slice(-3).map(({ message }) => message)).toEqual([
      'first of 1',
      'second',
      'Request finished',
    ]);
    const [first, second, finish] = lines.slice(-3) as [Line, Line, Line];
    expect(first).toMatchObject({ level: 'debug', context: 'Orders', recorded: true });
    expect(first).not.toHaveProperty('order');
    expect(second).toMatchObject({ order: '1', n: '1', of: how });
    expect(first.span_id).toBe(finish.span_id);
    expect(second.span_id).not.toBe(finish.span_id);
    const written = lines.find(({ message }) => message === 'written')!;
    expect(String(second['timestamp']) <= String(written['timestamp'])).toBe(true);
    expect(finish).not.toHaveProperty('dropped_entries');
  });

  it('keeps the entries of overlapping requests apart', async () => {
    const { send, sink } = await start(platform);
    const hows = ['broken', 'well', 'conflict', 'missing'];
    await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        send(`/ends/${hows[n % 4]}?n=${n}`, { headers: { 'x-request-id': `req-${n}` } }),
      ),
    );
    await sink.finishes(100);
    const lines = recorded(sink);
    expect(lines).toHaveLength(100);
    for (let n = 0; n < 100; n += 2) {
      const own = lines.filter(({ request_id: id }) => id === `req-${n}`);
      expect(own.map(({ message }) => message)).toEqual([`first of ${n}`, 'second']);
      expect(own[1]).toMatchObject({ n: String(n), order: String(n) });
    }
  });

  it('keeps the last entries, and says how many are missing', async () => {
    const { send, sink } = await start(platform);
    await send('/many/250');
    const [finish] = await sink.finishes(1);
    const texts = recorded(sink).map(({ message }) => message);
    expect(texts).toHaveLength(200);
    expect([texts[0], texts.at(-1)]).toEqual(['entry 50', 'entry 249']);
    expect(finish).toMatchObject({ dropped_entries: 50 });
  });

  it('is bounded in bytes', async () => {
    const { send, sink } = await start(platform, { flightRecorder: { bytes: 1000 } });
    await send('/many/100');
    const [finish] = await sink.finishes(1);
    const { length } = recorded(sink);
    expect(length).toBeGreaterThan(5);
    expect(length).toBeLessThan(20);
    expect(finish!['dropped_entries']).toBe(100 - length);
  });

  it('keeps nothing behind the end of the request, and nothing outside of one', async () => {
    const { send, sink } = await start(platform);
    new Logger('Outside').debug('outside');
    await send('/late');
    await sink.finishes(1);
    await sleep(50);
    expect(recorded(sink)).toEqual([]);
    expect(heldByRecordings()).toEqual({ bytes: 0, recordings: 0 });
  });

  it('shows objects as they were', async () => {
    const { send, sink } = await start(platform);
    await send('/changes');
    await sink.finishes(1);
    const [fields, filled, plain, cart, failed, self] = recorded(sink);
    const user = { name: 'Ada', tags: ['a'], address: { city: 'London' } };
    expect(fields).toMatchObject({
      message: 'user',
      user,
      when: '2026-01-01T00:00:00.000Z',
      seen: { k: { v: 1 } },
      set: [1],
    });
    expect(filled!.message).toBe(`Ada in ${JSON.stringify(user)}`);
    expect(plain).toMatchObject(user);
    expect(cart).toMatchObject({ message: 'cart', args: [{ items: [{ sku: 'x', n: 1 }] }] });
    expect(failed).toMatchObject({
      message: 'failed',
      error: { name: 'Error', message: 'before' },
    });
    expect((failed!['error'] as { stack: string }).stack).toContain('flight-recorder.spec');
    expect(self).toMatchObject({ name: 'self', self: { name: 'self', self: '[Circular]' } });
  });

  it('covers messages, jobs and runs', async () => {
    const { app, sink } = await start(platform);
    const trace = app.get(TraceContext);
    const logger = new Logger('Runs');
    const work = (fails: boolean): void => {
      logger.debug('inside');
      if (fails) throw new Error('broken');
    };
    trace.run({ name: 'good' }, () => work(false));
    expect(() => trace.run({ name: 'bad' }, () => work(true))).toThrow('broken');
    expect(recorded(sink)).toHaveLength(1);
    expect(sink.lines.at(-1)).toMatchObject({ message: 'Run finished', job: 'bad' });
    expect(sink.lines.at(-2)).toMatchObject({ message: 'inside', recorded: true });
  });
});

describe('a winston logger of the application’s own', () => {
  function ownLogger(levels = config.npm.levels) {
    const sink = new LineSink();
    const errors = new LineSink();
    const transform = { calls: 0 };
    const counted = format((info) => {
      transform.calls++;
      return info;
    });
    const logger = traceLogger(
      createLogger({
        levels,
        level: 'info',
        format: format.combine(counted(), format.timestamp(), format.splat(), format.json()),
        transports: [
          new transports.Stream({ stream: sink }),
          new transports.Stream({ stream: errors, level: 'error' }),
        ],
      }),
    );
    return { logger, sink, errors, transform };
  }

  it('is recorded by every way to call it, and formats nothing before', async () => {
    const { logger, sink, errors, transform } = ownLogger();
    const child = logger.child({ module: 'billing' });
    const { app } = await start('express');
    const trace = app.get(TraceContext);
    const log = (): void => {
      const fields = { a: 1 };
      logger.debug('one', fields);
      logger.log('debug', 'two %s', 'times', { b: 2 });
      logger.log({ level: 'debug', message: 'three', c: 3 });
      child.debug('four');
      child.log('debug', 'five', { d: 4 });
      logger.write({ level: 'debug', message: 'six', e: 5 });
      logger.debug({ message: 'seven', f: 6 });
      logger.debug(new Error('eight'));
      logger.verbose('nine');
      fields.a = 9;
      expect(logger.isDebugEnabled()).toBe(false);
      expect(logger.isLevelEnabled('debug')).toBe(false);
      expect(transform.calls).toBe(0);
    };
    trace.run({ name: 'good' }, log);
    expect(transform.calls).toBe(0);
    // Below the level of the recorder, too.
    trace.run({}, () => logger.silly('never'));
    transform.calls = 0;
    expect(() =>
      trace.run({ name: 'bad', requestId: 'run-1' }, () => {
        log();
        throw new Error('broken');
      }),
    ).toThrow('broken');
    await eventually(() => sink.raw.length >= 9, 'nine lines');
    expect(sink.lines).toMatchObject([
      { message: 'one', a: 1 },
      { message: 'two times', b: 2 },
      { message: 'three', c: 3 },
      { message: 'four', module: 'billing' },
      { message: 'five', module: 'billing', d: 4 },
      { message: 'six', e: 5 },
      { message: 'seven', f: 6 },
      { message: 'eight' },
      { message: 'nine', level: 'verbose' },
    ]);
    for (const line of sink.lines) {
      expect(line).toMatchObject({ recorded: true, request_id: 'run-1' });
      expect(Date.parse(String(line['timestamp']))).toBeLessThanOrEqual(Date.now());
    }
    expect(errors.raw).toEqual([]);
  });

  it('may have levels of its own', async () => {
    const { logger, sink } = ownLogger({
      alarm: 0,
      error: 1,
      info: 2,
      detail: 3,
      noise: 4,
    } as never);
    const { app } = await start('express', { flightRecorder: { level: 'verbose' } });
    expect(() =>
      app.get(TraceContext).run({}, () => {
        logger.log('detail', 'a detail');
        throw new Error('broken');
      }),
    ).toThrow('broken');
    await eventually(() => sink.raw.length > 0, 'a line');
    expect(sink.lines).toMatchObject([{ level: 'detail', message: 'a detail', recorded: true }]);
  });

  it('gives subscribers the entries as they were logged', async () => {
    const { app } = await start('express');
    const seen: { text: string; time: number; isRecorded: boolean }[] = [];
    const subscription = subscribeApplication(app, {
      onLog: ({ text, time, entry }) =>
        seen.push({ text, time, isRecorded: entry['recorded'] === true }),
    });
    let before = 0;
    await expect(
      app.get(TraceContext).run({}, async () => {
        before = Date.now();
        new Logger('X').debug('early');
        await sleep(40);
        throw new Error('broken');
      }),
    ).rejects.toThrow('broken');
    subscription.unsubscribe();
    expect(seen.map(({ text }) => text)).toEqual(['early', 'Run finished']);
    expect(seen[0]!.isRecorded).toBe(true);
    expect(seen[0]!.time - before).toBeLessThan(30);
  });
});

describe('an entry that is written later', () => {
  const fail = (log: () => void) => (): never => {
    log();
    throw new Error('broken');
  };

  it.each([32_767, 32_768, 5_000_000])('is cut, not lost, for a text of %d', async (length) => {
    const { app, sink } = await start('express');
    const logger = new Logger('X');
    const run = fail(() => {
      logger.debug('x'.repeat(length));
      logger.debug('fields', { blob: 'y'.repeat(length), id: 1 });
    });
    expect(() => app.get(TraceContext).run({}, run)).toThrow('broken');
    const [text, fields] = recorded(sink);
    expect(text!.message).toMatch(/^x{8192}/);
    expect(text!.message).toContain(`${length - 8192} more characters`);
    expect(fields).toMatchObject({ message: 'fields', blob: expect.stringMatching(/^y{8000}/) });
    expect(sink.lines.at(-1)).not.toHaveProperty('dropped_entries');
  });

  it('is not what its arguments log when they are read', async () => {
    const { app, sink } = await start('express');
    const inner = new Logger('Inner');
    class Order {
      readonly id = 7;
      toJSON(): object {
        inner.log('inner');
        return { id: this.id };
      }
    }
    const run = fail(() => new Logger('Outer').debug('outer', { order: new Order() }));
    expect(() => app.get(TraceContext).run({}, run)).toThrow('broken');
    expect(recorded(sink)).toMatchObject([{ message: 'outer', order: { id: 7 } }]);
    const inners = sink.linesOf('inner');
    expect(inners.length).toBeGreaterThan(0);
    for (const line of inners) expect(line).not.toHaveProperty('recorded');
  });

  it('is not what its message logs, where that is a function', async () => {
    const { app, sink } = await start('express');
    const inner = new Logger('Inner');
    const message = (): string => {
      inner.log('inner');
      return 'outer';
    };
    const run = fail(() => new Logger('Outer').debug(message));
    expect(() => app.get(TraceContext).run({}, run)).toThrow('broken');
    expect(recorded(sink)).toMatchObject([{ message: 'outer', context: 'Outer' }]);
    expect(sink.linesOf('inner')).toHaveLength(1);
    expect(sink.linesOf('inner')[0]).not.toHaveProperty('recorded');
  });

  it('is written when its application has closed meanwhile', async () => {
    const { app, sink } = await start('express', { console: true });
    const trace = app.get(TraceContext);
    let end = (): void => {};
    const logger = app.get(TracingLogger);
    const ended = trace.run({ name: 'long' }, async () => {
      logger.debug('before');
      logger.winston.debug('before, with winston');
      await new Promise<void>((resolve) => (end = resolve));
      throw new Error('broken');
    });
    await app.close();
    end();
    await expect(ended).rejects.toThrow('broken');
    expect(recorded(sink).map(({ message }) => message)).toEqual([
      'before',
      'before, with winston',
    ]);
    expect(heldByRecordings()).toEqual({ bytes: 0, recordings: 0 });
  });

  it('has what the console was given, in the order of the calls', async () => {
    const { app, sink } = await start('express', { console: true });
    const own = app.get(TracingLogger).winston;
    const seen: string[] = [];
    const subscription = subscribeApplication(app, { onLog: ({ text }) => void seen.push(text) });
    const run = fail(() => {
      const user = { name: 'Ada' };
      console.debug('first %s', 'one', user);
      own.debug('second');
      console.debug('third');
      user.name = 'Bob';
      console.log('at once');
    });
    expect(() => app.get(TraceContext).run({ requestId: 'run-7' }, run)).toThrow('broken');
    subscription.unsubscribe();
    const lines = recorded(sink);
    expect(lines.map(({ message }) => message.slice(0, 9))).toEqual([
      'first one',
      'second',
      'third',
    ]);
    expect(JSON.stringify(lines[0])).toContain('Ada');
    expect(JSON.stringify(lines)).not.toContain('Bob');
    for (const line of lines) expect(line.request_id).toBe('run-7');
    expect(seen.map((text) => text.slice(0, 9))).toEqual([
      'at once',
      'first one',
      'second',
      'third',
      'Run finis',
    ]);
  });

  it('is one of 10,000 in a second at most, and those left out are counted', async () => {
    const { app, sink } = await start('express');
    const trace = app.get(TraceContext);
    const logger = new Logger('Storm');
    const run = fail(() => {
      logger.debug('one');
      logger.debug('two');
      logger.debug('three');
    });
    const failAgain = (): void => expect(() => trace.run({}, run)).toThrow('broken');
    // All within one moment, of a second in which nothing was written yet.
    const moment = performance.now() + 1100;
    const now = jest.spyOn(performance, 'now').mockReturnValue(moment);
    try {
      for (let i = 0; i < 4000; i++) failAgain();
      const dropped = sink.linesOf('Run finished').map((line) => line['dropped_entries']);
      expect(recorded(sink)).toHaveLength(10_000);
      expect(dropped.slice(3332, 3336)).toEqual([undefined, 2, 3, 3]);
      expect(dropped.filter((count) => count === 3)).toHaveLength(666);
      now.mockReturnValue(moment + 900);
      failAgain();
      expect(recorded(sink)).toHaveLength(10_000);
      now.mockReturnValue(moment + 1100);
      failAgain();
      expect(recorded(sink)).toHaveLength(10_003);
    } finally {
      now.mockRestore();
    }
  });
});

it('leaves the arguments of a level that is off alone where it is off', async () => {
  const { app, sink } = await start('express', { flightRecorder: false });
  expect(() =>
    app.get(TraceContext).run({}, () => {
      new Logger('X').debug('early');
      throw new Error('broken');
    }),
  ).toThrow('broken');
  expect(recorded(sink)).toEqual([]);
});
