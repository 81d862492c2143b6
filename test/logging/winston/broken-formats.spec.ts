import { describe, expect, it } from '@jest/globals';
import { createLogger, format, transports, type Logform } from 'winston';
import { runWithTrace } from '../../../src/context/trace-store.js';
import { traceJson } from '../../../src/logging/formats/json-format.js';
import { traceLogger } from '../../../src/logging/winston/trace-logger.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { openTrace } from '../../../src/trace/open-trace.js';
import { LineSink } from '../../support/line-sink.js';
import { spyOnWarnings } from '../../support/warnings.js';

const { policy } = resolveOptions();
const warn = spyOnWarnings();

const inTrace = <T>(requestId: string, fn: () => T): T =>
  runWithTrace(openTrace({ requestId }, policy, { transport: 'test', startedAt: 0 }), fn);

function throwing(reason: unknown = new Error('on purpose')): Logform.Format {
  return format(() => {
    throw reason;
  })();
}

/** Throws at the entries that say so. */
const throwingAt = format((info) => {
  if (info.message === 'bad') throw new Error('on purpose');
  return info;
});

function loggerWith(own: Logform.Format, ofTransport?: Logform.Format) {
  const [sink, other] = [new LineSink(), new LineSink()];
  const broken = { stream: sink, ...(ofTransport && { format: ofTransport }) };
  const logger = traceLogger(
    createLogger({
      format: own,
      transports: [new transports.Stream(broken), new transports.Stream({ stream: other })],
    }),
  );
  return { logger, sink, other };
}

const WARNING = [
  expect.stringContaining('on purpose'),
  { type: 'TracingWarning', code: 'TRACING_FORMAT_FAILED' },
];

describe.each<[string, () => ReturnType<typeof loggerWith>]>([
  ['at the logger', () => loggerWith(format.combine(throwingAt(), traceJson()))],
  ['behind traceJson()', () => loggerWith(format.combine(traceJson(), throwingAt()))],
  [
    'at the logger, of winston’s kind',
    () => loggerWith(format.combine(throwingAt(), format.json())),
  ],
  ['at a transport', () => loggerWith(traceJson(), format.combine(throwingAt(), traceJson()))],
  [
    'at a transport, of winston’s kind',
    () => loggerWith(format.json(), format.combine(throwingAt(), format.json())),
  ],
])('a format that throws %s', (_name, make) => {
  it('costs one warning, and no line on any transport', () => {
    const { logger, sink, other } = make();
    const messages = ['good', 'bad', 'good', 'bad'];
    messages.forEach((message, i) => {
      inTrace(`r-${i}`, () => {
        expect(() => logger.warn(message, { a: 1 })).not.toThrow();
      });
    });
    for (const { lines } of [sink, other]) {
      expect(lines).toMatchObject(
        messages.map((message, i) => ({ level: 'warn', message, request_id: `r-${i}` })),
      );
    }
    expect(warn.mock.calls).toEqual([WARNING]);
  });
});

describe('a format that always throws', () => {
  it.each<[string, unknown]>([
    ['an Error', new Error('why')],
    ['a string', 'why'],
    ['undefined', undefined],
    ['an object without a prototype', Object.create(null)],
    [
      'an object whose toString throws',
      {
        toString: () => {
          throw new Error('again');
        },
      },
    ],
  ])('may throw %s', (_name, reason) => {
    const { logger, sink, other } = loggerWith(throwing(reason));
    inTrace('r-1', () => {
      expect(() => logger.error('x')).not.toThrow();
    });
    for (const { lines } of [sink, other]) {
      expect(lines).toMatchObject([{ level: 'error', message: 'x', request_id: 'r-1' }]);
    }
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it.each<[string, unknown, string]>([
    ['a long one, cut', 'x'.repeat(100_000), 'x'.repeat(1000)],
    ['with lines', 'a\nb', 'a\nb'],
    ['an error', new Error('why'), 'why'],
    ['an object', { a: 1 }, '{"a":1}'],
    [
      'an error without a message',
      Object.assign(new Error(), { message: Object.create(null) }),
      expect.any(String) as never,
    ],
    [
      'a proxy that throws',
      new Proxy(
        {},
        {
          getPrototypeOf: () => {
            throw new Error('x');
          },
        },
      ),
      expect.any(String) as never,
    ],
  ])('keeps the message: %s', (_name, message, expected) => {
    const { logger, sink } = loggerWith(throwing());
    logger.log({ level: 'info', message: message as string });
    expect(sink.lines).toMatchObject([{ level: 'info', message: expected }]);
  });
});

describe('a format that comes later', () => {
  it('is guarded too: by configure()', () => {
    const { logger } = loggerWith(traceJson());
    const sink = new LineSink();
    logger.configure({ format: throwing(), transports: new transports.Stream({ stream: sink }) });
    inTrace('r-1', () => logger.info('x'));
    expect(sink.lines).toMatchObject([{ message: 'x', request_id: 'r-1' }]);
    expect(warn.mock.calls).toEqual([WARNING]);
  });

  it('is guarded too: as a property', () => {
    const { logger, sink } = loggerWith(traceJson());
    logger.format = throwing();
    inTrace('r-1', () => logger.info('x'));
    expect(sink.lines).toMatchObject([{ message: 'x', request_id: 'r-1' }]);
  });

  it('is guarded too: with a transport', () => {
    const { logger, sink } = loggerWith(traceJson());
    const later = new LineSink();
    logger.add(new transports.Stream({ stream: later, format: throwing() }));
    inTrace('r-1', () => logger.info('x'));
    expect(sink.lines).toMatchObject([{ message: 'x', request_id: 'r-1' }]);
    expect(later.lines).toMatchObject([{ message: 'x', request_id: 'r-1' }]);
  });
});

describe('a format that returns nothing', () => {
  it.each([undefined, false, null, 0])('drops the entry: %p', (nothing) => {
    const { logger, sink } = loggerWith(format(() => nothing as never)());
    expect(() => logger.info('x')).not.toThrow();
    expect(sink.raw).toEqual([]);
    logger.format = traceJson();
    logger.info('y');
    expect(sink.lines).toMatchObject([{ message: 'y' }]);
  });
});
