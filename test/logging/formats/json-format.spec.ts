import { describe, expect, it } from '@jest/globals';
import {
  createLogger,
  format,
  transports,
  type Logform,
  type LogEntry,
  type Logger,
} from 'winston';
import { runWithTrace } from '../../../src/context/trace-store.js';
import { traceJson } from '../../../src/logging/formats/json-format.js';
import { traceLogger } from '../../../src/logging/winston/trace-logger.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { openTrace } from '../../../src/trace/open-trace.js';
import type { Trace } from '../../../src/trace/trace.js';
import { LineSink } from '../../support/line-sink.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const IDS = ['trace_id', 'request_id', 'session_id', 'span_id'] as const;
const { policy } = resolveOptions();

/** Runs a function in the trace of a request, as the middleware does. */
function inTrace(fn: (trace: Trace) => void): Trace {
  const carrier = { traceId: TRACE_ID, requestId: 'req-001', sessionId: 'session-1' };
  const trace = openTrace(carrier, policy, { transport: 'test', startedAt: 0 });
  runWithTrace(trace, () => fn(trace));
  return trace;
}

function jsonLogger(formats: Logform.Format = traceJson({ service: 'payments' })) {
  const sink = new LineSink();
  const transport = new transports.Stream({ stream: sink });
  const logger = traceLogger(
    createLogger({ level: 'silly', format: formats, transports: transport }),
  );
  return { logger, sink };
}

/** The one line that a function logs in a trace. */
function lineOf(log: (logger: Logger, trace: Trace) => void, formats?: Logform.Format) {
  const { logger, sink } = jsonLogger(formats);
  const trace = inTrace((current) => log(logger, current));
  expect(sink.raw).toHaveLength(1);
  return { raw: sink.raw[0]!, line: sink.lines[0]!, trace };
}

describe('a line', () => {
  it('has the fields of the contract in their order, then the entry’s own in theirs', () => {
    const { line, trace } = lineOf((logger, current) => {
      current.setField('order', 17);
      logger.warn('Processing payment', { user: 'Alice', context: 'Payments', amount: 12.5 });
    });
    expect(Object.entries(line)).toEqual([
      ['timestamp', expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)],
      ['level', 'warn'],
      ['message', 'Processing payment'],
      ['trace_id', TRACE_ID],
      ['request_id', 'req-001'],
      ['session_id', 'session-1'],
      ['span_id', trace.spanId],
      ['service', 'payments'],
      ['context', 'Payments'],
      ['order', 17],
      ['user', 'Alice'],
      ['amount', 12.5],
    ]);
  });

  it('says when it was logged', () => {
    const before = Date.now();
    const { line } = lineOf((logger) => logger.info('now'));
    const time = Date.parse(String(line['timestamp']));
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
  });

  it('has "-" for ids outside a context', () => {
    const { logger, sink } = jsonLogger();
    logger.info('outside');
    const dashes = IDS.map((name) => [name, '-']);
    expect(Object.entries(sink.lines[0]!).slice(3, 7)).toEqual(dashes);
  });

  it('is named as in package.json when the options do not name it', () => {
    const { line } = lineOf((logger) => logger.info('x'), traceJson());
    expect(line['service']).toBe('nestjs-tracing');
  });

  it('is set once, so that an entry cannot change it', () => {
    const { raw } = lineOf((logger) => logger.info('a', { [Symbol.for('message')]: 'forged' }));
    expect(JSON.parse(raw)).toMatchObject({ message: 'a', request_id: 'req-001' });
  });
});

describe('the message', () => {
  const unreadable = new Error('x');
  Object.defineProperty(unreadable, 'message', { value: Object.create(null) });

  it.each<[string, unknown, string]>([
    ['a string', 'text', 'text'],
    ['an empty string', '', ''],
    ['undefined', undefined, ''],
    ['null', null, ''],
    ['a number', 42, '42'],
    ['a BigInt', 42n, '42'],
    ['false', false, 'false'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['an object', { a: [1] }, '{"a":[1]}'],
    ['a map', new Map([['a', 1]]), '{"a":1}'],
    ['an error', new Error('bad'), 'bad'],
    ['an error whose message is none', unreadable, expect.any(String) as never],
    ['lines', 'a\nb\r\nc', 'a\nb\r\nc'],
  ])('may be %s', (_name, message, expected) => {
    const { line } = lineOf((logger) => logger.log({ level: 'info', message: message as string }));
    expect(line.message).toEqual(expected);
  });
});

describe('an entry’s own field', () => {
  const OWN = [...IDS, 'timestamp', 'service', '__proto__'] as const;

  it.each(OWN)('called `%s` replaces nothing and is added with a "_"', (name) => {
    // Only JSON.parse makes `__proto__` a field like any other.
    const json = `{"level":"info","message":"x","${name}":"forged"}`;
    const entry = JSON.parse(json) as LogEntry;
    const { line, raw, trace } = lineOf((logger) => logger.log(entry));
    expect(line).toMatchObject({
      level: 'info',
      message: 'x',
      trace_id: TRACE_ID,
      request_id: 'req-001',
      session_id: 'session-1',
      span_id: trace.spanId,
      service: 'payments',
      [`_${name}`]: 'forged',
    });
    expect(raw.split(`"${name}":`)).toHaveLength(name === '__proto__' ? 1 : 2);
  });

  it.each(OWN)('called `%s` replaces nothing when TraceContext.set made it', (name) => {
    const { line, raw } = lineOf((logger, current) => {
      current.setField(name, 'forged');
      logger.info('x');
    });
    expect(line).toMatchObject({ request_id: 'req-001', [`_${name}`]: 'forged' });
    expect(raw.split(`"${name}":`)).toHaveLength(name === '__proto__' ? 1 : 2);
  });

  it('called `level` or `message` goes the way winston goes, and forges no other field', () => {
    const { line } = lineOf((logger) => logger.info('x', { level: 'fatal', message: 'more' }));
    expect(line).toMatchObject({ level: 'info', message: 'x more', request_id: 'req-001' });
  });

  it('wins over a field of TraceContext.set, on that line', () => {
    const { raw, line } = lineOf((logger, current) => {
      current.setField('user', 'alice');
      logger.info('x', { user: 'bob' });
    });
    expect(line['user']).toBe('bob');
    expect(raw.split('"user":')).toHaveLength(2);
  });

  it.each([
    ['a taken name and the same with a "_"', { request_id: 1, _request_id: 2 }],
    ['the same the other way round', { _request_id: 2, request_id: 1 }],
  ])('makes no key twice: %s', (_name, own) => {
    const { line, raw } = lineOf((logger) => logger.info('x', own));
    expect(Object.values(line)).toEqual(expect.arrayContaining([1, 2]));
    expect(raw.match(/"(\w+)":/g)).toHaveLength(Object.keys(line).length);
  });

  it('may be hidden or omitted by JSON, without affecting others', () => {
    const { line } = lineOf((logger) =>
      logger.info('x', { a: undefined, b: () => 1, c: Symbol('c'), d: NaN, e: 5n, f: 'f' }),
    );
    expect(line).toMatchObject({ d: null, e: '5', f: 'f' });
    expect(line).not.toHaveProperty('a');
  });

  it('may have any key', () => {
    const own = { '': 1, 'a"b': 2, 'a\nb': 3, '\u2028': 4, constructor: 5, toString: 6, 日本: 7 };
    const { line } = lineOf((logger) => logger.info('x', own));
    expect(line).toMatchObject(own);
  });
});

describe('an error', () => {
  const error = (): Error =>
    Object.assign(new TypeError('bad', { cause: new Error('why') }), { code: 'E42' });
  const expected = {
    name: 'TypeError',
    message: 'bad',
    stack: expect.stringContaining('TypeError: bad\n    at '),
    cause: expect.objectContaining({ name: 'Error', message: 'why' }),
    code: 'E42',
  };

  it.each<[string, (logger: Logger) => void, string]>([
    ['as the entry', (logger) => logger.error(error()), 'bad'],
    [
      'as the message',
      (logger) => logger.log({ level: 'error', message: error() as never }),
      'bad',
    ],
    ['behind a message', (logger) => logger.error('failed', error()), 'failed bad'],
    ['under the key `error`', (logger) => logger.error('failed', { error: error() }), 'failed'],
  ])('is shown with stack and cause once: %s', (_name, log, message) => {
    const { line, raw } = lineOf(log);
    expect(line).toMatchObject({ message, error: expected });
    expect(raw.split('"stack":')).toHaveLength(3); // Its own and its cause's.
    expect(line).not.toHaveProperty('stack');
    expect(line).not.toHaveProperty('cause');
  });

  it('of a child logger keeps its stack', () => {
    const { line } = lineOf((logger) => logger.child({ part: 'a' }).error(error()));
    expect(line).toMatchObject({ message: 'bad', part: 'a' });
    expect(JSON.stringify(line)).toContain('TypeError: bad\\n    at ');
  });

  it.each([
    ['cause', { cause: 'disk full' }],
    ['stack', { stack: 'mine' }],
  ])('does not hide a field `%s` of the entry that says something else', (name, own) => {
    const { line } = lineOf((logger) => logger.info('x', { error: error(), ...own }));
    expect(line).toMatchObject({ error: { message: 'bad' }, [name]: Object.values(own)[0] });
  });

  it('as the message does not hide a field `error` of the entry', () => {
    const { raw } = lineOf((logger) =>
      logger.log({ level: 'error', message: error() as never, error: 'E_PAYMENT' }),
    );
    expect(raw).toContain('E_PAYMENT');
    expect(raw).toContain('TypeError: bad');
  });

  it('does not share a key with a field of TraceContext.set', () => {
    const { raw, line } = lineOf((logger, current) => {
      current.setField('error', 'none yet');
      logger.error('failed', { error: error() });
    });
    expect(line['error']).toMatchObject({ message: 'bad' });
    expect(raw.split('"error":')).toHaveLength(2);
  });
});

describe('beside other formats', () => {
  it('is the last one of a combination, and has each id once', () => {
    const formats = format.combine(format.label({ label: 'blue' }), traceJson({ service: 'a' }));
    const { line, raw } = lineOf((logger) => logger.info('x'), formats);
    expect(line).toMatchObject({ label: 'blue', trace_id: TRACE_ID, request_id: 'req-001' });
    for (const name of IDS) expect(raw.split(`"${name}":`)).toHaveLength(2);
  });

  it('shows a level as another format painted it, escaped', () => {
    const formats = format.combine(format.colorize(), traceJson({ service: 'a' }));
    const { raw } = lineOf((logger) => logger.info('x'), formats);
    expect(raw).not.toContain('\u001b');
    expect(JSON.parse(raw)).toMatchObject({ level: expect.stringContaining('info') as unknown });
  });
});
