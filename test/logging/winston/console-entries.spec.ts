import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get, Param } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import winston, { createLogger, format, transports, type Logger } from 'winston';
import { leaveStdoutToProtocol } from '../../../src/logging/output/stdout-for-protocol.js';
import { traceJson } from '../../../src/logging/formats/json-format.js';
import { eventually, LineSink, type Line } from '../../support/line-sink.js';
import { PLATFORMS, tracedApp } from '../../support/traced-app.js';

const { Transport } = winston as unknown as {
  Transport: new () => Logger['transports'][number];
};

const METHODS = [
  'log',
  'info',
  'debug',
  'warn',
  'error',
  'trace',
  'assert',
  'dir',
  'dirxml',
  'group',
  'groupCollapsed',
  'groupEnd',
  'table',
] as const;
const methods = (): unknown[] => METHODS.map((name) => console[name]);

const texts = (sink: LineSink): string[] => ofConsole(sink).map(({ message }) => message);
const ofConsole = (sink: LineSink): Line[] =>
  sink.lines.filter(({ context }) => context === 'console');

/** What the real console prints. */
const printed: unknown[][] = [];
const keep = (...args: unknown[]): void => void printed.push(args);

beforeEach(() => {
  printed.length = 0;
  for (const name of ['log', 'info', 'debug', 'warn', 'error', 'dir', 'assert'] as const) {
    jest.spyOn(console, name).mockImplementation(keep);
  }
});
afterEach(() => {
  jest.restoreAllMocks();
});

@Controller()
class OrdersController {
  @Get('orders/:n')
  async list(@Param('n') n: string): Promise<string> {
    console.log('begun', n);
    await sleep(Number(n) % 5);
    console.log('listed %s of %d', n, 20, { shelf: 12 });
    console.info('informed');
    console.warn('low');
    console.debug('detail');
    console.error('not sent', new TypeError('why', { cause: new Error('disk') }));
    await sleep(Number(n) % 3);
    console.error(new RangeError('alone'));
    console.trace('here %s', n);
    console.table([{ a: 1 }]);
    console.group('Order %s', n);
    console.log('inside');
    console.groupEnd();
    console.dir({ deep: { er: { est: 1 } } }, { depth: 0 });
    console.assert(n === '', 'n is %s', n);
    console.assert(true, 'not this');
    return n;
  }
}

const entriesOf = (n: number): object[] => [
  { level: 'info', message: `begun ${n}` },
  { level: 'info', message: `listed ${n} of 20 { shelf: 12 }` },
  { level: 'info', message: 'informed' },
  { level: 'warn', message: 'low' },
  { level: 'debug', message: 'detail' },
  {
    level: 'error',
    message: 'not sent TypeError: why',
    error: {
      name: 'TypeError',
      stack: expect.stringContaining('OrdersController.list'),
      cause: { message: 'disk' },
    },
  },
  { level: 'error', message: 'alone', error: { name: 'RangeError' } },
  {
    level: 'info',
    message: `here ${n}`,
    stack: expect.stringMatching(
      new RegExp(String.raw`^Trace: here ${n}\n    at .+console-entries\.spec\.ts:\d+`),
    ),
  },
  { level: 'info', message: expect.stringMatching(/^┌─+┬─+┐\n│ \(index\) │ a/) },
  { level: 'info', message: `Order ${n}` },
  { level: 'info', message: 'inside' },
  { level: 'info', message: '{ deep: [Object] }' },
  { level: 'error', message: `Assertion failed: n is ${n}` },
];

describe.each(PLATFORMS)('console: true, on %s', (platform) => {
  it('makes entries with the ids of their request', async () => {
    const { send, sink } = await tracedApp(platform)
      .with({ console: true })
      .of({ controllers: [OrdersController] })
      .start();
    const ids = Array.from({ length: 20 }, (_, n) => `r-${n}`);
    await Promise.all(
      ids.map((id, n) => send(`/orders/${n}`, { headers: { 'x-request-id': id } })),
    );
    const finished = await sink.finishes(ids.length);
    for (const [n, id] of ids.entries()) {
      const own = ofConsole(sink).filter((line) => line.request_id === id);
      expect(own).toMatchObject(entriesOf(n));
      const { trace_id, session_id } = finished.find(({ request_id }) => request_id === id)!;
      for (const line of own) expect(line).toMatchObject({ trace_id, session_id });
    }
    expect(ofConsole(sink)).toHaveLength(ids.length * entriesOf(0).length);
    expect(printed).toEqual([]);
  });

  it('begins with the application, and ends with it', async () => {
    const before = methods();
    const application = tracedApp(platform).with({ console: true });
    console.log('earlier');
    const { app, sink } = await application.start();
    console.log('meanwhile');
    expect(texts(sink)).toEqual(['meanwhile']);
    const { log } = console;
    await app.close();
    expect(methods()).toEqual(before);
    console.log('later');
    log('with a method that was kept');
    expect(printed).toEqual([['earlier'], ['later'], ['with a method that was kept']]);
    expect(texts(sink)).toEqual(['meanwhile']);
  });

  it('changes nothing without the option', async () => {
    const before = methods();
    const { send, sink } = await tracedApp(platform)
      .of({ controllers: [OrdersController] })
      .start();
    expect(methods()).toEqual(before);
    await send('/orders/1');
    await sink.finishes(1);
    expect(ofConsole(sink)).toEqual([]);
    expect(printed).toContainEqual(['begun', '1']);
  });

  it('writes what belongs to an application with its logger', async () => {
    const start = (isOn: boolean) =>
      tracedApp(platform)
        .with({ console: isOn })
        .of({ controllers: [OrdersController] })
        .start();
    const [first, second, without] = [await start(true), await start(true), await start(false)];
    const all = [first, second, without];
    await Promise.all(all.map(({ send }, n) => send(`/orders/${n}`)));
    await Promise.all(all.map(({ sink }) => sink.finishes(1)));
    console.log('outside');
    expect(texts(first.sink)).toContain('begun 0');
    expect(texts(first.sink).at(-1)).toBe('outside');
    expect(ofConsole(first.sink)).toHaveLength(entriesOf(0).length + 1);
    expect(ofConsole(second.sink)).toMatchObject(entriesOf(1));
    expect(ofConsole(without.sink)).toEqual([]);
    expect(printed).toContainEqual(['begun', '2']);
    printed.length = 0;

    await first.app.close();
    console.log('outside of the second');
    expect(texts(second.sink).at(-1)).toBe('outside of the second');
    await second.app.close();
    console.log('of none');
    expect(printed).toEqual([['of none']]);
    await without.app.close();
  });

  it('leaves out what is below the level', async () => {
    const sink = new LineSink();
    const logger = createLogger({
      level: 'warn',
      format: traceJson(),
      transports: [new transports.Stream({ stream: sink })],
    });
    await tracedApp(platform, sink).with({ console: true, logger }).start();
    console.log('below');
    console.warn('written');
    expect(texts(sink)).toEqual(['written']);
    expect(printed).toEqual([]);
  });
});

describe('the arguments of a call', () => {
  const hostile = {
    toString(): string {
      throw new Error('no text');
    },
  };
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();

  it.each<[name: string, args: readonly unknown[], entry: object]>([
    ['none', [], { message: '' }],
    ['several texts', ['a', 'b', 1, null, undefined], { message: 'a b 1 null undefined' }],
    [
      'placeholders',
      ['%s %d %i %f %j %%', 'a', 1, 2.5, 3.5, { b: 1 }],
      { message: 'a 1 2 3.5 {"b":1} %' },
    ],
    ['a style', ['%cred', 'color: red'], { message: 'red' }],
    ['too few values', ['%s of %s', 'one'], { message: 'one of %s' }],
    [
      'an error for a placeholder',
      ['%s!', new TypeError('t')],
      { message: 'TypeError: t!', error: { name: 'TypeError' } },
    ],
    ['an error for %o', ['%o', new Error('t')], { message: 'Error: t', error: { message: 't' } }],
    [
      'two errors',
      [new Error('one'), 'and', new RangeError('two')],
      {
        message: 'Error: one and RangeError: two',
        error: { message: 'one' },
        args: [{ name: 'RangeError', message: 'two', stack: expect.any(String) }],
      },
    ],
    ['a symbol', [Symbol('s')], { message: 'Symbol(s)' }],
    ['a revoked proxy', ['before', proxy, 'behind'], { message: 'before <Revoked Proxy> behind' }],
    [
      'a getter that throws',
      [
        {
          get a() {
            throw new Error('g');
          },
        },
      ],
      { message: '{ a: [Getter] }' },
    ],
    [
      'a text that throws',
      ['%s and', hostile, 'more'],
      { message: '%s and { toString: [Function: toString] } more' },
    ],
  ])('may be %s', async (_, args, entry) => {
    const { sink } = await tracedApp('express').with({ console: true }).start();
    console.log(...args);
    expect(ofConsole(sink)).toMatchObject([{ level: 'info', ...entry }]);
  });

  it('may follow a condition, or be left out', async () => {
    const { sink } = await tracedApp('express').with({ console: true }).start();
    console.assert(false);
    console.assert(false, ...([{ a: 1 }, 'b'] as string[]));
    console.assert(true, 'holds');
    console.trace();
    console.group();
    console.groupCollapsed('folded');
    console.groupEnd();
    console.groupEnd();
    console.dir(new Error('shown'));
    expect(ofConsole(sink)).toMatchObject([
      { message: 'Assertion failed' },
      { message: 'Assertion failed: { a: 1 } b' },
      { message: 'Trace', stack: expect.stringMatching(/^Trace: Trace\n    at /) },
      { message: 'folded' },
      { message: 'shown', error: { message: 'shown' } },
    ]);
  });
});

describe('what is printed while an entry is written', () => {
  /** A logger with a part that prints. */
  function printingLogger(sink: LineSink): Logger {
    const noisy = new Transport();
    noisy.log = (_entry: object, next: () => void) => {
      console.error('at once');
      setTimeout(() => console.info('later'), 1);
      next();
    };
    const chatty = format((entry) => {
      console.debug('format');
      return entry;
    });
    return createLogger({
      format: format.combine(chatty(), traceJson()),
      transports: [new transports.Stream({ stream: sink }), noisy],
    });
  }

  it('goes to the console', async () => {
    const sink = new LineSink();
    const logger = printingLogger(sink);
    await tracedApp('express', sink).with({ console: true, logger }).start();
    await sleep(20);
    for (const write of [() => console.warn('one'), () => logger.warn('one')]) {
      sink.clear();
      printed.length = 0;
      write();
      await eventually(() => printed.length >= 3, 'what is printed');
      await sleep(20);
      expect(sink.lines.map(({ message }) => message)).toEqual(['one']);
      expect(printed).toEqual([['format'], ['at once'], ['later']]);
    }
  });

  it('is the line, with a transport that prints its lines', async () => {
    const printing = new Transport();
    printing.log = (entry: object, next: () => void) => {
      console.log((entry as Record<symbol, unknown>)[Symbol.for('message')]);
      next();
    };
    const logger = createLogger({ format: traceJson(), transports: [printing] });
    await tracedApp('express').with({ console: true, logger }).start();
    printed.length = 0;
    console.log('one');
    logger.info('two');
    const lines = printed.map(([line]) => JSON.parse(line as string) as Line);
    expect(lines).toMatchObject([{ message: 'one', context: 'console' }, { message: 'two' }]);
    expect(printed.every((args) => args.length === 1)).toBe(true);
  });

  it("is the line, with winston's Console transport", async () => {
    const write = jest.fn<(line: string) => boolean>(() => true);
    const { _stdout: stdout } = console as unknown as { _stdout: { write: typeof write } };
    jest.spyOn(stdout, 'write').mockImplementation(write);
    const logger = createLogger({
      format: traceJson(),
      transports: [new transports.Console(), new transports.Console({ forceConsole: true })],
    });
    await tracedApp('express').with({ console: true, logger }).start();
    // One that is made while the methods are replaced keeps ours.
    logger.add(new transports.Console({ forceConsole: true }));
    write.mockClear();
    printed.length = 0;
    console.log('one');
    logger.info('two');
    const lines = [...write.mock.calls, ...printed].map(([line]) => JSON.parse(line as string));
    expect(lines.map(({ message }) => message)).toEqual(['one', 'two', 'one', 'one', 'two', 'two']);
  });

  it('may be a warning of the process', async () => {
    const { sink } = await tracedApp('express').with({ console: true }).start();
    console.error(`(node:${process.pid}) TracingWarning: of the logger`);
    expect(texts(sink)).toEqual([]);
    expect(printed).toHaveLength(1);
  });

  it('goes to standard error where a protocol uses standard output', async () => {
    const sink = new LineSink();
    const real = jest.mocked(console.error);
    const noisy = new Transport();
    noisy.log = (_entry: object, next: () => void) => {
      console.log('printed');
      console.dir({ a: { b: {} } }, { depth: 0 });
      next();
    };
    const logger = createLogger({
      format: traceJson(),
      transports: [new transports.Stream({ stream: sink }), noisy],
    });
    await tracedApp('express', sink).with({ console: true, logger }).start();
    const shared = globalThis as unknown as Record<symbol, { fd: number }>;
    const output = shared[Symbol.for('nestjs-tracing.v1.log-output')]!;
    printed.length = 0;
    leaveStdoutToProtocol();
    console.log('one');
    output.fd = 1;
    expect(real.mock.calls).toEqual([['printed'], ['{ a: [Object] }']]);
    expect(printed).toHaveLength(2);
    expect(texts(sink)).toEqual(['one']);
  });
});
