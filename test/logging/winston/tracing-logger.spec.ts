import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ConsoleLogger, Logger, type LogLevel } from '@nestjs/common';
import { config, format, type LoggerOptions } from 'winston';
import { runWithTrace } from '../../../src/context/trace-store.js';
import { TracingLogger } from '../../../src/logging/winston/tracing-logger.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { openTrace } from '../../../src/trace/open-trace.js';
import { makeTracingLogger, WITH_FATAL } from '../../support/tracing-logger.js';

const LEVELS = ['verbose', 'debug', 'log', 'warn', 'error', 'fatal'] as const;
const { policy } = resolveOptions();

const inTrace = <T>(fn: () => T): T =>
  runWithTrace(
    openTrace({ requestId: 'req-001' }, policy, { transport: 'test', startedAt: 0 }),
    fn,
  );

const throwing = (): never => {
  throw new Error('on purpose');
};

beforeEach(() => {
  const shared = globalThis as unknown as Record<symbol, Set<string>>;
  shared[Symbol.for('nestjs-tracing.v1.warnings')]?.clear();
});
afterEach(() => {
  Logger.overrideLogger(new ConsoleLogger());
  jest.restoreAllMocks();
});

describe('NestJS’s levels', () => {
  it.each<[string, LoggerOptions, Record<LogLevel, string>]>([
    [
      'npm’s with fatal, as the module’s own logger has them',
      { levels: WITH_FATAL },
      {
        verbose: 'verbose',
        debug: 'debug',
        log: 'info',
        warn: 'warn',
        error: 'error',
        fatal: 'fatal',
      },
    ],
    [
      'npm’s, which are winston’s default',
      {},
      {
        verbose: 'verbose',
        debug: 'debug',
        log: 'info',
        warn: 'warn',
        error: 'error',
        fatal: 'error',
      },
    ],
    [
      'syslog’s',
      { levels: config.syslog.levels, level: 'debug' },
      {
        verbose: 'debug',
        debug: 'debug',
        log: 'info',
        warn: 'warning',
        error: 'error',
        fatal: 'crit',
      },
    ],
    [
      'two of the user’s',
      { levels: { bad: 0, good: 1 }, level: 'good' },
      { verbose: 'good', debug: 'good', log: 'good', warn: 'bad', error: 'bad', fatal: 'bad' },
    ],
  ])('are called after %s', (_name, options, expected) => {
    const { logger, sink } = makeTracingLogger(options);
    for (const level of LEVELS) logger[level](level);
    expect(Object.fromEntries(sink.lines.map(({ message, level }) => [message, level]))).toEqual(
      expected,
    );
  });

  it('keep `fatal` apart when winston has no such level', () => {
    const { logger, sink } = makeTracingLogger();
    logger.error('a');
    logger.fatal('b');
    expect(sink.lines[0]).not.toHaveProperty('fatal');
    expect(sink.lines[1]).toMatchObject({ level: 'error', message: 'b', fatal: true });
  });
});

describe('every argument survives', () => {
  const error = new TypeError('why', { cause: new Error('because') });
  const shownError = {
    name: 'TypeError',
    message: 'why',
    stack: expect.stringContaining('TypeError: why\n    at ') as unknown,
    cause: expect.objectContaining({ message: 'because' }) as unknown,
  };
  const shown = { level: 'info', context: 'Payments', request_id: 'req-001' };
  const shownBad = { ...shown, level: 'error' };

  beforeEach(() => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  });

  it.each<[string, (logger: Logger) => void, object]>([
    ['a message', (logger) => logger.log('a'), { ...shown, message: 'a' }],
    // nest-winston loses the context of this one.
    [
      'fields',
      (logger) => logger.log('User created', { userId: 1 }),
      { ...shown, message: 'User created', userId: 1 },
    ],
    // nest-winston logs `stack: [{}]` of this one.
    [
      'an error',
      (logger) => logger.error('bad', error),
      { ...shownBad, message: 'bad', error: shownError },
    ],
    [
      'an error as the message',
      (logger) => logger.error(error),
      { ...shownBad, message: 'why', error: shownError },
    ],
    [
      'a stack',
      (logger) => logger.error('bad', error.stack),
      { ...shownBad, message: 'bad', stack: error.stack },
    ],
    [
      'fields and an error',
      (logger) => logger.warn('a', { b: 1 }, error),
      { ...shown, level: 'warn', b: 1, error: shownError },
    ],
    [
      'an object',
      (logger) => logger.log({ message: 'a', b: { c: 1 } }),
      { ...shown, message: 'a', b: { c: 1 } },
    ],
    ['another context', (logger) => logger.log('a', 'Orders'), { ...shown, message: 'a Orders' }],
    [
      'an instance',
      (logger) => logger.log('a', new Map([['b', 1]])),
      { ...shown, args: [{ b: 1 }] },
    ],
    [
      'a name that is taken',
      (logger) => logger.log('a', { level: 'x', context: 'y' }),
      { ...shown, _level: 'x', _context: 'y' },
    ],
  ])('of a logger with a context: %s', (_name, log, expected) => {
    const { logger: tracing, sink } = makeTracingLogger();
    Logger.overrideLogger(tracing);
    inTrace(() => log(new Logger('Payments')));
    expect(sink.lines).toEqual([expect.objectContaining(expected)]);
  });

  it('also default fields of the logger, which an entry may replace', () => {
    const { logger, sink } = makeTracingLogger({ defaultMeta: { pod: 'a', zone: 'b' } });
    logger.log('x', { zone: 'c' });
    expect(sink.lines[0]).toMatchObject({ pod: 'a', zone: 'c' });
  });

  it('also fields of a child logger', () => {
    const { winston, sink } = makeTracingLogger();
    inTrace(() => new TracingLogger(winston.child({ part: 'a' })).log('x', { b: 1 }));
    expect(sink.lines[0]).toMatchObject({ message: 'x', part: 'a', b: 1, request_id: 'req-001' });
  });

  it('also of frozen objects and errors', () => {
    const { logger, sink } = makeTracingLogger();
    logger.log(Object.freeze({ message: 'a', b: 1 }));
    logger.error(Object.freeze(new Error('why')));
    logger.log('c', Object.freeze({ d: 1 }));
    expect(sink.lines).toMatchObject([
      { message: 'a', b: 1 },
      { message: 'why', error: { stack: expect.stringContaining('Error: why') } },
      { message: 'c', d: 1 },
    ]);
  });

  it.each<[string, (logger: TracingLogger) => void]>([
    ['a lazy message that throws', (logger) => logger.log(throwing)],
    ['a proxy as the message', (logger) => logger.log(new Proxy({}, { getPrototypeOf: throwing }))],
    ['a proxy as a field', (logger) => logger.log('a', new Proxy({}, { ownKeys: throwing }))],
    [
      'a getter',
      (logger) =>
        logger.log('a', Object.defineProperty({}, 'b', { get: throwing, enumerable: true })),
    ],
    ['a list behind a field `args`', (logger) => logger.log('a', { args: 1 }, [2])],
    [
      'a message that is no text',
      (logger) => logger.log(Object.assign(new Error(), { message: Object.create(null) })),
    ],
  ])('and a value that throws fails no call and loses no line: %s', (_name, log) => {
    const { logger, sink } = makeTracingLogger();
    expect(() => log(logger)).not.toThrow();
    expect(sink.lines).toHaveLength(1);
  });
});

describe('a winston logger that fails', () => {
  it('fails no call', () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { logger } = makeTracingLogger({ format: format(throwing)(), transports: [] });
    jest.spyOn(console, 'error').mockImplementation(() => {});
    expect(() => logger.log('a')).not.toThrow();
    expect(warn).toHaveBeenCalledTimes(1);
  });
});
