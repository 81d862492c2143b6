import { describe, expect, it } from '@jest/globals';
import { createLogger, transports, type Logger } from 'winston';
import { runWithTrace } from '../../../src/context/trace-store.js';
import { traceText, type TraceTextOptions } from '../../../src/logging/formats/text-format.js';
import { traceLogger } from '../../../src/logging/winston/trace-logger.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { openTrace } from '../../../src/trace/open-trace.js';
import type { Trace } from '../../../src/trace/trace.js';
import { LineSink } from '../../support/line-sink.js';

const ESC = '\u001b';
const { policy } = resolveOptions();

/** What a function writes that logs in a trace, without the time. */
function textOf(
  log: (logger: Logger, trace: Trace) => void,
  options?: TraceTextOptions,
  carrier = { requestId: 'a1b2c3d4', sessionId: '1234567890' },
): string {
  const { logger, raw } = textLogger(options);
  const trace = openTrace(carrier, policy, { transport: 'test', startedAt: 0 });
  runWithTrace(trace, () => log(logger, trace));
  return raw.join('\n').slice('2024-01-15 10:30:15 - '.length);
}

function textLogger(options?: TraceTextOptions): { logger: Logger; raw: string[] } {
  const sink = new LineSink();
  const transport = new transports.Stream({ stream: sink });
  const format = traceText(options);
  const logger = createLogger({ level: 'silly', format, transports: transport });
  return { logger: traceLogger(logger), raw: sink.raw };
}

const PREFIX = 'INFO - [req=a1b2c3d4|session=12345678] - ';

describe('a line of text', () => {
  it('is that of the contract', () => {
    const { logger, raw } = textLogger();
    const carrier = { requestId: 'a1b2c3d4', sessionId: '12345678-0000-0000-0000-000000000000' };
    const trace = openTrace(carrier, policy, { transport: 'test', startedAt: 0 });
    runWithTrace(trace, () => logger.info('Processing payment for user Alice'));
    expect(raw).toHaveLength(1);
    expect(raw[0]).toMatch(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d - INFO - \[req=a1b2c3d4\|session=12345678\] - Processing payment for user Alice$/,
    );
  });

  it('has "none" for both ids outside a context', () => {
    const { logger, raw } = textLogger();
    logger.warn('outside');
    expect(raw[0]).toMatch(/ - WARN - \[req=none\|session=none\] - outside$/);
  });

  it('has the local time of the call', () => {
    const before = Math.floor(Date.now() / 1000);
    const { logger, raw } = textLogger();
    logger.info('now');
    const [date = '', time = ''] = raw[0]!.split(' ');
    const seconds = new Date(`${date}T${time}`).getTime() / 1000;
    expect(seconds).toBeGreaterThanOrEqual(before);
    expect(seconds).toBeLessThanOrEqual(Date.now() / 1000);
  });

  it.each(['error', 'warn', 'info', 'http', 'verbose', 'debug', 'silly'])(
    'of level %s',
    (level) => {
      expect(textOf((logger) => logger.log(level, 'x'))).toBe(
        `${level.toUpperCase()} - [req=a1b2c3d4|session=12345678] - x`,
      );
    },
  );

  it.each([
    [undefined, '12345678'],
    [4, '1234'],
    [0, ''],
    [100, '1234567890'],
    [Infinity, '1234567890'],
  ])('shows %s characters of the session id', (sessionLength, shown) => {
    expect(textOf((logger) => logger.info('x'), { sessionLength })).toBe(
      `INFO - [req=a1b2c3d4|session=${shown}] - x`,
    );
  });

  it('shows a session id that is shorter whole', () => {
    const carrier = { requestId: 'r', sessionId: 's' };
    expect(textOf((logger) => logger.info('x'), {}, carrier)).toBe('INFO - [req=r|session=s] - x');
  });

  it.each([
    [true, `${PREFIX}[Payments] x`],
    [false, `${PREFIX}x`],
    [undefined, `${PREFIX}x`],
  ])('shows the logger’s context if configured: %s', (context, expected) => {
    expect(textOf((logger) => logger.info('x', { context: 'Payments' }), { context })).toBe(
      expected,
    );
  });

  it('has colours if configured, and none otherwise', () => {
    const log = (logger: Logger): Logger => logger.error('failed');
    expect(textOf(log)).not.toContain(ESC);
    const painted = textOf(log, { colors: true });
    expect(painted).toContain(`${ESC}[31mERROR${ESC}[39m`);
    // oxlint-disable-next-line no-control-regex
    expect(painted.replaceAll(/\u001b\[\d+m/g, '')).toContain('ERROR - [req=a1b2c3d4|');
  });
});

describe('fields behind the message', () => {
  it.each<[string, object, string]>([
    ['a word', { user: 'Alice' }, 'user=Alice'],
    ['a path', { path: '/users/1' }, 'path=/users/1'],
    ['a number', { amount: 12.5 }, 'amount=12.5'],
    ['a boolean', { paid: true }, 'paid=true'],
    ['null', { a: null }, 'a=null'],
    ['a BigInt', { a: 5n }, 'a="5"'],
    ['text with spaces', { user: 'Alice B' }, 'user="Alice B"'],
    ['an empty string', { user: '' }, 'user=""'],
    ['quotes', { a: '"' }, 'a="\\""'],
    ['an equals sign', { a: 'b=c' }, 'a="b=c"'],
    ['an object', { a: { b: [1] } }, 'a={"b":[1]}'],
    ['several in their order', { b: 1, a: 2 }, 'b=1 a=2'],
  ])('%s', (_name, fields, expected) => {
    expect(textOf((logger) => logger.info('x', fields))).toBe(`${PREFIX}x ${expected}`);
  });

  it.each<[string, object]>([
    ['what JSON leaves out', { a: undefined, b: () => 1 }],
    ['what comes first', { timestamp: 'forged', context: 'Payments' }],
    ['ids', { trace_id: 'a', request_id: 'forged', session_id: 'b', span_id: 'c' }],
  ])('not %s', (_name, fields) => {
    expect(textOf((logger) => logger.info('x', fields))).toBe(`${PREFIX}x`);
  });

  it('of TraceContext.set come first, and an entry’s own win', () => {
    const text = textOf((logger, trace) => {
      trace.setField('order', 17);
      trace.setField('user', 'alice');
      logger.info('x', { user: 'bob' });
    });
    expect(text).toBe(`${PREFIX}x order=17 user=bob`);
  });
});

describe('an error', () => {
  const lines = (text: string): string[] => text.split('\n');

  it('has its stack below, indented', () => {
    const error = new Error('why');
    const [first, name, at] = lines(textOf((logger) => logger.error('failed', { error })));
    expect(first).toBe('ERROR - [req=a1b2c3d4|session=12345678] - failed');
    expect(name).toBe('    Error: why');
    expect(at).toMatch(/^ {8}at .+/);
  });

  it('has what caused it below that', () => {
    const error = new Error('top', { cause: new Error('middle', { cause: new Error('bottom') }) });
    const text = textOf((logger) => logger.error('failed', { error }));
    const order = [
      'failed',
      'Error: top',
      'caused by',
      'Error: middle',
      'caused by',
      'Error: bottom',
    ];
    expect(text).toMatch(new RegExp(order.join('[^]*')));
  });

  it.each<[string, () => Error, string]>([
    ['a cause that is no error', () => new Error('a', { cause: 'disk full' }), 'disk full'],
    [
      'the errors of an AggregateError',
      () => new AggregateError([new Error('one')], 'a'),
      'Error: one',
    ],
    ['fields of its own', () => Object.assign(new Error('a'), { code: 'E42' }), 'E42'],
  ])('says %s', (_name, make, expected) => {
    expect(textOf((logger) => logger.error('failed', { error: make() }))).toContain(expected);
  });

  it('that causes itself ends', () => {
    const error = new Error('loop');
    error.cause = new Error('inner', { cause: error });
    expect(lines(textOf((logger) => logger.error('x', { error }))).length).toBeLessThan(500);
  });

  it('may come as a stack alone', () => {
    const stack = 'Error: why\n    at work (a.js:1:2)';
    expect(lines(textOf((logger) => logger.error('failed', { stack })))).toEqual([
      'ERROR - [req=a1b2c3d4|session=12345678] - failed',
      '    Error: why',
      '        at work (a.js:1:2)',
    ]);
  });
});

describe('an access log line', () => {
  const record = {
    duration_ms: 12.5,
    handler_ms: 9.25,
    method: 'POST',
    path: '/payment',
    route: '/payment',
    handler: 'PaymentController.pay',
    status_code: 500,
    outcome: 'errored',
  };

  it('says in short what became of the request, with its steps below', () => {
    const steps = [
      { name: 'load', start_ms: 1, duration_ms: 2.5 },
      { name: 'charge', start_ms: 4, duration_ms: 5, failed: true },
      {
        name: 'POST bank/charge',
        start_ms: 4,
        duration_ms: 5,
        depth: 1,
        failed: true,
        status: 502,
        error: 'BankError: no\nforged',
      },
      { name: 'notify', start_ms: 6 },
      { name: 'query', start_ms: 7, duration_ms: 40, count: 30, depth: 1 },
    ];
    expect(
      textOf((logger) => logger.error('Request finished', { ...record, steps })).split('\n'),
    ).toEqual([
      'ERROR - [req=a1b2c3d4|session=12345678] - Request finished POST /payment 500 errored 12.5ms handler=PaymentController.pay',
      '    +1ms load 2.5ms',
      '    +4ms charge 5ms failed',
      '      +4ms POST bank/charge 5ms failed with 502: BankError: no\\nforged',
      '    +6ms notify did not end',
      '      +7ms query 40ms in 30 calls',
    ]);
  });

  it.each([
    [
      'Message finished',
      { transport: 'tcp', pattern: 'payment.charge', handler: 'Worker.charge' },
      'tcp payment.charge completed 12.5ms handler=Worker.charge',
    ],
    [
      'Job finished',
      { transport: 'bullmq', queue: 'mail', job: 'welcome', attempt: 2 },
      'bullmq mail welcome completed 12.5ms attempt=2',
    ],
    ['Run finished', { transport: 'cron', job: 'nightly' }, 'cron nightly completed 12.5ms'],
  ])('of another kind says in short what it was about: %s', (message, fields, text) => {
    const written = textOf((logger) =>
      logger.info(message, {
        duration_ms: 12.5,
        ...fields,
        outcome: 'completed',
        parent_span_id: 'b7ad6b7169203331',
      }),
    );
    expect(written).toBe(`INFO - [req=a1b2c3d4|session=12345678] - ${message} ${text}`);
  });

  it('cannot be forged by the path, the method or the name of a step', () => {
    const text = 'a\n2024-01-15 10:30:15 - INFO - [req=x|session=y] - forged\u001b[2J';
    const written = textOf((logger) =>
      logger.error('x', {
        ...record,
        path: text,
        method: text,
        outcome: text,
        steps: [{ name: text, start_ms: text, duration_ms: text }, text, null],
      }),
    );
    for (const line of written.split('\n').slice(1)) expect(line).toMatch(/^ {4}/);
    expect(written).not.toContain(ESC);
  });

  it('is not an ordinary entry with such field names: none of its fields are omitted', () => {
    const own = { outcome: { paid: 'yes' }, duration_ms: 5, route: 'north', path: ['a', 'b'] };
    const written = textOf((logger) => logger.info('parcel sent', own));
    for (const part of ['yes', '5', 'north', 'a', 'b']) expect(written).toContain(part);
  });
});

describe('text that would forge a line', () => {
  const FORGED = '2024-01-15 10:30:15 - INFO - [req=x|session=y] - forged';
  const breaks = ['\n', '\r', '\r\n', '\u0085', '\u2028', '\u2029', '\v', '\f'];
  const withStack = (stack: string): Error => Object.assign(new Error('a'), { stack });

  const PLACES: Record<string, (logger: Logger, text: string, trace: Trace) => void> = {
    'the message': (logger, text) => logger.info(text),
    'a field': (logger, text) => logger.info('x', { field: text }),
    'the name of a field': (logger, text) => logger.info('x', { [text]: 1 }),
    'a nested field': (logger, text) => logger.info('x', { a: [{ [text]: text }] }),
    'the context': (logger, text) => logger.info('x', { context: text }),
    'a field of TraceContext.set': (logger, text, trace) => {
      trace.setField(text, text);
      logger.info('x');
    },
    'a stack': (logger, text) => logger.error('x', { stack: text }),
    'the message of an error': (logger, text) => logger.error('x', { error: new Error(text) }),
    'the name of an error': (logger, text) =>
      logger.error('x', { error: Object.assign(new Error('a'), { name: text }) }),
    'the stack of an error': (logger, text) => logger.error('x', { error: withStack(text) }),
    'the stack of a cause': (logger, text) =>
      logger.error('x', { error: new Error('a', { cause: withStack(text) }) }),
  };

  it.each(Object.entries(PLACES))('cannot: in %s', (_name, log) => {
    for (const lineBreak of breaks) {
      const text = `a${lineBreak}${FORGED}`;
      const written = textOf((logger, trace) => log(logger, text, trace), { context: true });
      const [, ...below] = written.split(/\r\n|[\n\v\f\r\u0085\u2028\u2029]/);
      for (const line of below) expect(line).toMatch(/^ {4}/);
    }
  });

  it.each(Object.entries(PLACES))('cannot drive a terminal: in %s', (_name, log) => {
    const text = `${ESC}[2J${ESC}]0;title\u0007\u009b31m\u202eabc\u0008`;
    const written = textOf((logger, trace) => log(logger, text, trace), { context: true });
    // oxlint-disable-next-line no-control-regex
    expect(written).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  });

  it('cannot as an id that a validator of the user’s let through', () => {
    const carrier = { requestId: `r\n${FORGED}`, sessionId: `s\n${ESC}` };
    const written = textOf((logger) => logger.info('x'), {}, carrier);
    expect(written).toBe(`INFO - [req=r\\n${FORGED}|session=s\\n\\u001b] - x`);
  });
});
