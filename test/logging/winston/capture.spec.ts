import { describe, expect, it } from '@jest/globals';
import { createLogger, format, transports, type Logform, type Logger } from 'winston';
import { runWithSpan, runWithTrace } from '../../../src/context/trace-store.js';
import { capture } from '../../../src/logging/winston/captured-entry.js';
import { traceJson } from '../../../src/logging/formats/json-format.js';
import { traceFormat } from '../../../src/logging/formats/trace-format.js';
import { traceLogger } from '../../../src/logging/winston/trace-logger.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { openTrace } from '../../../src/trace/open-trace.js';
import { Span } from '../../../src/trace/span.js';
import type { Trace } from '../../../src/trace/trace.js';
import { eventually, LineSink } from '../../support/line-sink.js';

const { policy } = resolveOptions();

function inTrace<T>(requestId: string, fn: (trace: Trace) => T): T {
  const trace = openTrace({ requestId }, policy, { transport: 'test', startedAt: 0 });
  return runWithTrace(trace, () => fn(trace));
}

/** Every place in which a user may put formats. */
const FORMATS: Record<string, () => { format?: Logform.Format; ofTransport?: Logform.Format }> = {
  'traceJson()': () => ({ format: traceJson() }),
  'json()': () => ({ format: format.json() }),
  'traceFormat() and json()': () => ({ format: format.combine(traceFormat(), format.json()) }),
  'json() in the transport': () => ({ format: format.timestamp(), ofTransport: format.json() }),
  'traceJson() in the transport': () => ({ format: format.timestamp(), ofTransport: traceJson() }),
};

/** A traced logger whose transport is slow, so that entries wait in its queue. */
function slowLogger(name = 'traceJson()') {
  const { ofTransport, ...rest } = FORMATS[name]!();
  const sink = new LineSink();
  const transport = new transports.Stream({
    stream: sink,
    ...(ofTransport && { format: ofTransport }),
  });
  const { log } = transport;
  transport.log = (info: unknown, next: () => void) => {
    log!.call(transport, info, () => setTimeout(next, 1));
  };
  const logger = traceLogger(createLogger({ level: 'silly', transports: transport, ...rest }));
  const lines = async (count: number) => {
    await eventually(() => sink.raw.length >= count, `${count} lines`);
    return sink.lines;
  };
  return { logger, lines };
}

/** Every way in which a user may call the logger. */
const CALLS: Record<string, (logger: Logger, message: string) => unknown> = {
  'info(message)': (logger, message) => logger.info(message),
  'info(message, fields)': (logger, message) => logger.info(message, { a: 1 }),
  'info(entry)': (logger, message) => logger.info({ message, a: 1 }),
  'log(level, message)': (logger, message) => logger.log('info', message),
  'log(level, message, fields)': (logger, message) => logger.log('info', message, { a: 1 }),
  'log(entry)': (logger, message) => logger.log({ level: 'info', message }),
  'log(level, %s, …)': (logger, message) => logger.log('info', '%s', message),
  'error(error)': (logger, message) => logger.error(new Error(message)),
  'error(message, error)': (logger, message) => logger.error(message, new Error('')),
  'write(entry)': (logger, message) => logger.write({ level: 'info', message }),
  'write(frozen entry)': (logger, message) =>
    logger.write(Object.freeze({ level: 'info', message })),
  'child().info(message)': (logger, message) => logger.child({ a: 1 }).info(message),
  'child().child().log(entry)': (logger, message) =>
    logger.child({ a: 1 }).child({ b: 2 }).log({ level: 'info', message }),
};

describe.each(Object.keys(FORMATS))('with %s', (name) => {
  it.each(Object.entries(CALLS))('%s has the ids of its call', async (_call, log) => {
    const { logger, lines } = slowLogger(name);
    for (let i = 0; i < 10; i++) inTrace(`r-${i}`, () => log(logger, `m-${i}`));
    log(logger, 'outside');
    const got = (await lines(11)).map(({ request_id }) => request_id);
    expect(got).toEqual([...Array.from({ length: 10 }, (_, i) => `r-${i}`), '-']);
  });

  it.each<[string, (logger: Logger) => (message: string) => unknown]>([
    [
      'object',
      (logger) => {
        const entry = { level: 'info', message: 'shared' };
        return () => logger.log(entry);
      },
    ],
    [
      'frozen object',
      (logger) => {
        const entry = Object.freeze({ level: 'info', message: 'shared' });
        return () => logger.write(entry);
      },
    ],
    // As when several requests wait for one promise that fails.
    [
      'error',
      (logger) => {
        const error = new Error('shared');
        return () => logger.error(error);
      },
    ],
    [
      'error behind a message',
      (logger) => {
        const error = new Error('shared');
        return (message) => logger.error(message, error);
      },
    ],
    [
      'object as fields',
      (logger) => {
        const fields = { a: 1 };
        return (message) => logger.info(message, fields);
      },
    ],
    [
      'object of a child logger',
      (logger) => {
        const child = logger.child({ part: 'a' });
        const entry = { level: 'info', message: 'shared' };
        return () => child.log(entry);
      },
    ],
  ])('one %s logged in several traces has the ids of each', async (_what, prepare) => {
    const { logger, lines } = slowLogger(name);
    const log = prepare(logger);
    for (let i = 0; i < 10; i++) inTrace(`r-${i}`, () => log('shared'));
    const got = (await lines(10)).map(({ request_id }) => request_id);
    expect(got).toEqual(Array.from({ length: 10 }, (_, i) => `r-${i}`));
  });

  it('one object logged in two traces keeps the fields of TraceContext.set apart', async () => {
    const { logger, lines } = slowLogger(name);
    const entry = { level: 'info', message: 'shared' };
    inTrace('r-1', (trace) => {
      trace.setField('user', 'alice');
      logger.log(entry);
    });
    inTrace('r-2', () => logger.log(entry));
    const [first, second] = await lines(2);
    expect(first).toMatchObject({ request_id: 'r-1', user: 'alice' });
    expect(second).toMatchObject({ request_id: 'r-2' });
    expect(second).not.toHaveProperty('user');
  });

  it('one error logged twice keeps message and stack', async () => {
    const { logger, lines } = slowLogger(name);
    const error = new Error('shared');
    for (const id of ['r-1', 'r-2']) inTrace(id, () => logger.error(error));
    const written = (await lines(2)).map((line) => JSON.stringify(line));
    // winston's json() shows nothing of an error but its own fields; ours does.
    const expected = name.startsWith('traceJson') ? /Error: shared\\n +at / : /"level":"error"/;
    for (const line of written) expect(line).toMatch(expected);
  });

  it('has the fields and the span of the moment of the call', async () => {
    const { logger, lines } = slowLogger(name);
    const spans = inTrace('r-1', (trace) => {
      logger.info('before');
      trace.setField('order', 17);
      logger.info('after');
      const span = new Span(trace, undefined, { name: 'work' }, undefined);
      trace.spanList = { records: [span], dropped: 0 };
      runWithSpan(span, () => logger.info('in a span'));
      return [trace.spanId, trace.spanId, span.spanId];
    });
    const [before, after, inside] = await lines(3);
    expect(before).not.toHaveProperty('order');
    expect([after!['order'], inside!['order']]).toEqual([17, 17]);
    expect([before, after, inside].map((line) => line!.span_id)).toEqual(spans);
  });
});

describe('traceLogger', () => {
  it('gives back the logger itself, and twice is as good as once', async () => {
    const { logger, lines } = slowLogger();
    const write = logger.write;
    expect(traceLogger(logger)).toBe(logger);
    expect(logger.write).toBe(write);
    inTrace('r-1', () => logger.info('once'));
    expect(await lines(1)).toHaveLength(1);
  });

  it('of a child wraps its parent, and gives back the child', () => {
    const sink = new LineSink();
    const parent = createLogger({
      format: traceJson(),
      transports: new transports.Stream({ stream: sink }),
    });
    const child = parent.child({ part: 'a' }).child({ piece: 'b' });
    expect(traceLogger(child)).toBe(child);
    inTrace('r-1', () => {
      child.info('child');
      parent.info('parent');
    });
    expect(sink.lines).toMatchObject([
      { request_id: 'r-1', part: 'a', piece: 'b' },
      { request_id: 'r-1', message: 'parent' },
    ]);
  });

  it('covers transports that come later', async () => {
    const { logger, lines } = slowLogger();
    const later = new LineSink();
    expect(logger.add(new transports.Stream({ stream: later }))).toBe(logger);
    inTrace('r-1', () => logger.info('x'));
    expect(later.lines).toMatchObject([{ request_id: 'r-1' }]);
    expect(await lines(1)).toHaveLength(1);
  });

  it('covers what configure() brings: formats and transports', () => {
    const { logger } = slowLogger();
    for (const own of [format.json(), traceJson(), format.combine(traceFormat(), format.json())]) {
      const sink = new LineSink();
      logger.configure({ format: own, transports: new transports.Stream({ stream: sink }) });
      inTrace('r-1', () => logger.info('x'));
      expect(sink.lines).toMatchObject([{ message: 'x', request_id: 'r-1' }]);
    }
  });

  it('writes the same line after configure() that keeps the format', () => {
    const sink = new LineSink();
    const stream = (): Logger['transports'][number] => new transports.Stream({ stream: sink });
    const logger = traceLogger(createLogger({ format: traceJson(), transports: stream() }));
    const log = (): unknown => inTrace('r-1', () => logger.info('x', { request_id: 'mine', b: 1 }));
    log();
    logger.configure({ transports: stream() });
    log();
    const [before, after] = sink.lines.map(({ level, message, request_id, _request_id, b }) => [
      level,
      message,
      request_id,
      _request_id,
      b,
    ]);
    expect(after).toEqual(before);
    expect(after).toEqual(['info', 'x', 'r-1', 'mine', 1]);
  });

  it('does not change the behaviour of winston itself', async () => {
    const { logger, lines } = slowLogger();
    expect(logger.info('a').info('b')).toBe(logger);
    expect(logger.isLevelEnabled('debug')).toBe(true);
    const finished = new Promise((resolve) => logger.once('finish', resolve));
    logger.end();
    await finished;
    expect(await lines(2)).toHaveLength(2);
  });

  it('lets a format drop an entry', () => {
    const sink = new LineSink();
    const drop = format((info) => (info.message === 'drop' ? false : info));
    const logger = traceLogger(
      createLogger({
        format: format.combine(drop(), traceJson()),
        transports: new transports.Stream({ stream: sink }),
      }),
    );
    for (const message of ['keep', 'drop', 'keep']) logger.info(message);
    expect(sink.lines.map(({ message }) => message)).toEqual(['keep', 'keep']);
  });
});

describe('capture', () => {
  it.each<[string, object]>([
    ['an object', { level: 'info', message: 'a' }],
    ['a frozen object', Object.freeze({ level: 'info', message: 'a' })],
    ['an error', Object.assign(new Error('a'), { level: 'info' })],
    ['a frozen error', Object.freeze(Object.assign(new Error('a'), { level: 'info' }))],
  ])('leaves %s of the user’s as it was, and says the same', (_name, entry) => {
    const taken = inTrace('r-1', () => capture(entry));
    const other = inTrace('r-2', () => capture(entry));
    expect(taken).not.toBe(other);
    expect(taken).toMatchObject({ level: 'info', message: 'a' });
    expect(Object.keys(taken)).toEqual(expect.arrayContaining(Object.keys(entry)));
    expect(Object.getOwnPropertySymbols(entry)).toEqual([]);
  });

  it.each(Object.keys(FORMATS))('survives what throws when it is read, with %s', async (name) => {
    const throws = (key: string, entry: object): object =>
      Object.defineProperty(entry, key, {
        enumerable: true,
        get: () => {
          throw new Error('on purpose');
        },
      });
    const { logger, lines } = slowLogger(name);
    const entries = [
      throws('bad', { level: 'info', message: 'a' }),
      throws('stack', Object.assign(new Error('b'), { level: 'info' })),
      throws('bad', Object.assign(new Error('c'), { level: 'info' })),
    ];
    for (const entry of entries) {
      inTrace('r-1', () => {
        expect(() => logger.write(entry)).not.toThrow();
      });
    }
    const messages = (await lines(3)).map(({ message, request_id }) => [message, request_id]);
    expect(messages).toEqual([
      ['a', 'r-1'],
      ['b', 'r-1'],
      ['c', 'r-1'],
    ]);
  });

  it('survives an entry that cannot be read', () => {
    const { logger } = slowLogger();
    const trap = (): never => {
      throw new Error('on purpose');
    };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const traps = [{ ownKeys: trap }, { getPrototypeOf: trap }, { get: trap }, { has: trap }];
    const entries = traps.map((handler) => new Proxy({ level: 'info', message: 'a' }, handler));
    for (const entry of [...entries, proxy]) expect(() => logger.write(entry)).not.toThrow();
  });

  it('adds nothing that a format would show', () => {
    const entry = inTrace('r-1', () => capture({ level: 'info', message: 'a' }));
    expect(Object.keys(entry)).toEqual(['level', 'message']);
    expect(JSON.stringify(entry)).toBe('{"level":"info","message":"a"}');
  });
});
