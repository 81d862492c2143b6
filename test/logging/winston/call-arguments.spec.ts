import { describe, expect, it } from '@jest/globals';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { format as formatText } from 'node:util';
import { createLogger, format, transports, type Logform, type Logger } from 'winston';
import type { LogRecord } from '../../../src/records/log-record.js';
import { traceFormat } from '../../../src/logging/formats/trace-format.js';
import { traceJson } from '../../../src/logging/formats/json-format.js';
import { traceText } from '../../../src/logging/formats/text-format.js';
import { traceLogger } from '../../../src/logging/winston/trace-logger.js';
import { LineSink, type Line } from '../../support/line-sink.js';
import { spyOnWarnings } from '../../support/warnings.js';

const warn = spyOnWarnings();

function loggerWith(own: Logform.Format, ofTransport?: Logform.Format) {
  const sink = new LineSink();
  const stream = { stream: sink, ...(ofTransport && { format: ofTransport }) };
  const logger = traceLogger(
    createLogger({ format: own, transports: new transports.Stream(stream) }),
  );
  return { logger, sink };
}

type Call = (logger: Logger) => unknown;
/** Calls that winston's types do not have. */
const anyCall = (logger: Logger) => logger as unknown as { info(...args: unknown[]): void };
const why = new TypeError('table is locked', { cause: new Error('the disk is slow') });

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
function throws(): never {
  throw new Error('on purpose');
}

const CALLS: [string, Call, object][] = [
  ['a string', (to) => to.info('sent %s', 'tea'), { message: 'sent tea' }],
  [
    'a number',
    (to) => to.info('sent %s to shelf %d', 'tea', 12),
    { message: 'sent tea to shelf 12' },
  ],
  ['whole and other numbers', (to) => to.info('%i %f', 1.5, '1.5'), { message: '1 1.5' }],
  ['JSON', (to) => to.info('sent %j', { tea: [1] }), { message: 'sent {"tea":[1]}' }],
  [
    'an object',
    (to) => to.info('sent %o', { tea: 1 }),
    { message: formatText('sent %o', { tea: 1 }) },
  ],
  ['an Object', (to) => to.info('sent %O', { tea: 1 }), { message: 'sent { tea: 1 }' }],
  ['CSS', (to) => to.info('%csent', 'color: red'), { message: 'sent' }],
  ['a percent sign', (to) => to.info('%d%% sent', 50), { message: '50% sent' }],
  ['a placeholder too many', (to) => to.info('%s %s', 'tea'), { message: 'tea %s' }],
  [
    'fields behind them',
    (to) => to.info('sent %s', 'tea', { shelf: 12 }),
    { message: 'sent tea', shelf: 12 },
  ],
  [
    'fields for all',
    (to) => to.info('sent', { shelf: 12 }, { row: 3 }),
    { message: 'sent', shelf: 12, row: 3 },
  ],
  ['a text without a placeholder', (to) => to.info('sent', 'tea'), { message: 'sent tea' }],
  ['nothing', (to) => to.info('sent', undefined), { message: 'sent' }],
  ['no arguments', (to) => to.info('100%s'), { message: '100%s' }],
  ['a placeholder in a value', (to) => to.info('sent %s', '%d', 12), { message: 'sent %d 12' }],
  [
    'an error behind them',
    (to) => to.info('not sent: %s', 'tea', why),
    {
      message: 'not sent: tea',
      error: { name: 'TypeError', cause: { message: 'the disk is slow' } },
    },
  ],
  [
    'an error in a placeholder',
    (to) => to.info('not sent: %s', why),
    { message: 'not sent: TypeError: table is locked', error: { name: 'TypeError' } },
  ],
  [
    'fields in front',
    (to) => anyCall(to).info({ shelf: 12 }, 'sent %s'),
    { message: 'sent %s', shelf: 12 },
  ],
  [
    'fields in front, and a value',
    (to) => anyCall(to).info({ shelf: 12 }, 'sent %s', 'tea'),
    { message: 'sent tea', shelf: 12 },
  ],
  [
    'a list in front',
    (to) => anyCall(to).info([1, 2], 'sent'),
    { message: 'sent', args: [[1, 2]] },
  ],
  ['a set', (to) => to.info('sent', new Set(['tea'])), { message: 'sent', args: [['tea']] }],
  [
    'a map behind fields',
    (to) => to.info('sent', { shelf: 12 }, new Map([[{ row: 3 }, 'tea']])),
    { message: 'sent', shelf: 12, args: [[[{ row: 3 }, 'tea']]] },
  ],
  ['a regular expression', (to) => to.info('sent', /tea/g), { message: 'sent', args: ['/tea/g'] }],
  [
    'two errors',
    (to) => to.info('not sent:', why, new RangeError('nor kept')),
    {
      message: 'not sent: table is locked',
      error: { name: 'TypeError' },
      args: [{ name: 'RangeError', message: 'nor kept' }],
    },
  ],
  [
    'a percent sign that is no placeholder',
    (to) => to.info('90%done, GET /%d0%bf', { shelf: 12 }),
    { message: '90%done, GET /%d0%bf', shelf: 12 },
  ],
  [
    'an object that cannot be read',
    (to) => to.info('sent', { shelf: 12 }, revoked()),
    { message: 'sent', shelf: 12, args: [expect.stringMatching(/^\[Threw: /)] },
  ],
  [
    'a toJSON() that throws',
    (to) => to.info('sent', { row: 3, toJSON: throws }),
    { message: 'sent', toJSON: '[Threw: on purpose]' },
  ],
  [
    'a toJSON() that throws, of an object with a message',
    (to) => anyCall(to).info({ message: 'sent', row: 3, toJSON: throws }),
    { message: 'sent', toJSON: '[Threw: on purpose]' },
  ],
  [
    'a toJSON() that returns nothing',
    (to) => to.info('sent', { row: 3, toJSON: () => undefined }),
    { message: 'sent' },
  ],
  [
    'a toJSON() that returns nothing, of an object with a message',
    (to) => anyCall(to).info({ message: 'sent', row: 3, toJSON: () => undefined }),
    { message: 'sent' },
  ],
  [
    'an error in front',
    (to) => anyCall(to).info(why, 'not sent'),
    { message: 'not sent', error: { name: 'TypeError' } },
  ],
  [
    'an error under `err`',
    (to) => to.info('not sent', { err: why }),
    { message: 'not sent', error: { name: 'TypeError', cause: { message: 'the disk is slow' } } },
  ],
];

describe('the arguments of a winston call', () => {
  it.each(CALLS)('under traceJson(): %s', (_name, call, expected) => {
    const { logger, sink } = loggerWith(traceJson());
    call(logger);
    expect(sink.lines).toMatchObject([expected]);
  });

  it.each(CALLS)('in a transport with traceJson(): %s', (_name, call, expected) => {
    const { logger, sink } = loggerWith(traceJson(), traceJson());
    call(logger);
    expect(sink.lines).toMatchObject([expected]);
  });

  it.each(CALLS)('under traceText(): %s', (_name, call, expected) => {
    const { logger, sink } = loggerWith(traceText());
    call(logger);
    expect(sink.raw[0]).toContain((expected as Line).message);
    if ('shelf' in expected) expect(sink.raw[0]).toContain('shelf=12');
  });

  it.each(CALLS)('in a record: %s', (_name, call, expected) => {
    const records: LogRecord[] = [];
    const note = (record: unknown): void => void records.push(record as LogRecord);
    subscribe('nestjs-tracing:log', note);
    try {
      call(loggerWith(format.json()).logger);
    } finally {
      unsubscribe('nestjs-tracing:log', note);
    }
    expect(records.map(({ text }) => text)).toEqual([(expected as Line).message]);
  });

  it.each([
    ['in front', () => format.combine(format.splat(), traceJson())],
    [
      'and traceFormat() in front',
      () => format.combine(traceFormat(), format.splat(), traceJson()),
    ],
  ])('are applied once with winston’s splat() %s', (_name, own) => {
    const { logger, sink } = loggerWith(own());
    logger.info('sent %s', '100%d', { shelf: 3 });
    expect(sink.lines).toMatchObject([{ message: 'sent 100%d', shelf: 3 }]);
  });

  it('are left to a format of winston’s own', () => {
    const { logger, sink } = loggerWith(format.combine(format.splat(), format.json()));
    logger.info('sent %s', 'tea', { shelf: 3 });
    expect(sink.lines).toMatchObject([{ message: 'sent tea', shelf: 3 }]);
  });
});

describe('toJSON() of what a winston logger is given', () => {
  const account = () => ({ name: 'Alice', notes: 'PRIVATE', toJSON: () => ({ name: 'Alice' }) });
  class Account {
    name = 'Alice';
    notes = 'PRIVATE';
    toJSON(): object {
      return { name: this.name };
    }
  }

  it.each<[string, Call]>([
    ['behind the message', (to) => to.info('a', account())],
    ['an instance behind the message', (to) => to.info('a', new Account())],
    ['as the message', (to) => to.info(account())],
    [
      'as a field',
      (to) =>
        to.info('a', { account: account(), list: [account()], byId: new Map([[1, account()]]) }),
    ],
    ['in a placeholder', (to) => to.info('a %j', account())],
  ])('is honoured %s', (_name, call) => {
    for (const own of [traceJson(), traceText(), format.json()]) {
      const { logger, sink } = loggerWith(own);
      call(logger);
      expect(sink.raw[0]).toContain('Alice');
      expect(sink.raw[0]).not.toContain('PRIVATE');
    }
  });
});

describe('an error of an HTTP client', () => {
  /** As axios made them before version 1: with a `toJSON` of their own. */
  const refused = () => {
    const config = { headers: { authorization: 'Bearer PRIVATE' } };
    return Object.assign(new Error('refused'), {
      code: 'E_REFUSED',
      config,
      request: { config },
      toJSON: () => ({ config }),
    });
  };

  it.each<[string, Call]>([
    ['behind the message', (to) => to.error('not sent', refused())],
    ['as the message', (to) => to.error(refused())],
    ['as a field', (to) => to.error('not sent', { err: refused() })],
    ['as a cause', (to) => to.error(new Error('not sent', { cause: refused() }))],
  ])('has its text and its code, and nothing of the request: %s', (_name, call) => {
    for (const own of [traceJson(), traceText(), traceJson({ preset: 'ecs' })]) {
      const { logger, sink } = loggerWith(own);
      call(logger);
      const line = sink.raw.join('\n');
      expect(line).toContain('refused');
      expect(line).toContain('call-arguments.spec');
      expect(line).toContain('E_REFUSED');
      expect(line).not.toContain('PRIVATE');
    }
  });
});

describe('an error under a format of the user’s', () => {
  const show = format.printf(({ message, stack }) => JSON.stringify({ message, stack }));

  it.each<[string, Call, string]>([
    ['alone', (to) => to.error(why), 'table is locked'],
    ['behind a message', (to) => to.error('not sent', why), 'not sent table is locked'],
    [
      'as the message',
      (to) => to.log({ level: 'error', message: why as unknown as string }),
      'table is locked',
    ],
    ['under `error`', (to) => to.error('not sent', { error: why }), 'not sent'],
    ['under `err`', (to) => to.error('not sent', { err: why }), 'not sent'],
  ])('has its stack in `info.stack`: %s', (_name, call, message) => {
    for (const [own, ofTransport] of [
      [show],
      [traceJson(), show],
      [format.combine(format.errors(), show)],
    ] as const) {
      const { logger, sink } = loggerWith(own, ofTransport);
      call(logger);
      expect(sink.lines).toEqual([{ message, stack: why.stack }]);
    }
  });
});

describe('format.colorize()', () => {
  const show = format.printf(({ level, message }) => JSON.stringify({ level, message }));

  it.each(['at the logger', 'at a transport'])('has a colour for every level, %s', (place) => {
    const names = ['fatal', 'error', 'warn', 'info', 'verbose', 'debug', 'silly', 'trace', 'audit'];
    const levels = Object.fromEntries(names.map((name, i) => [name, i]));
    const own = format.combine(format.colorize(), show);
    const sink = new LineSink();
    const isLogger = place === 'at the logger';
    const logger = traceLogger(
      createLogger({
        level: 'audit',
        levels,
        format: isLogger ? own : traceJson(),
        transports: new transports.Stream({ stream: sink, ...(!isLogger && { format: own }) }),
      }),
    );
    for (const level of names) logger.log(level, 'x');
    expect(sink.lines).toHaveLength(names.length);
    for (const [i, { level }] of sink.lines.entries()) {
      expect(level).toContain('\u001b[');
      expect(level).toContain(names[i]);
    }
    logger.configure({
      level: 'later',
      levels: { later: 0 },
      format: own,
      transports: logger.transports,
    });
    logger.log('later', 'x');
    expect(sink.lines.at(-1)!.level).toContain('\u001b[');
    expect(warn).not.toHaveBeenCalled();
  });
});
