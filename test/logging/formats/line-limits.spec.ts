import { describe, expect, it } from '@jest/globals';
import { createLogger, format, transports, type Logform, type Logger } from 'winston';
import { runWithTrace } from '../../../src/context/trace-store.js';
import { traceJson, type TraceJsonOptions } from '../../../src/logging/formats/json-format.js';
import { traceText } from '../../../src/logging/formats/text-format.js';
import { traceLogger } from '../../../src/logging/winston/trace-logger.js';
import { TracingLogger } from '../../../src/logging/winston/tracing-logger.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { openTrace } from '../../../src/trace/open-trace.js';
import { LineSink } from '../../support/line-sink.js';

const { policy } = resolveOptions();
const REQUEST = { requestId: 'req-1', sessionId: 'session-1' };
const MAX = 65_536;
/** Of CPU. An entry takes milliseconds, of which most go to listing its keys; a test runner takes more. */
const MAX_MS = 1000;

interface Written {
  readonly raw: string;
  readonly ms: number;
}

/** The line that a function logs in a request, and how long that took. */
function written(
  made: Logform.Format,
  log: (nest: TracingLogger, winston: Logger) => void,
): Written {
  const sink = new LineSink();
  const logger = traceLogger(
    createLogger({
      level: 'silly',
      format: made,
      transports: new transports.Stream({ stream: sink }),
    }),
  );
  const nest = new TracingLogger(logger);
  const trace = openTrace(REQUEST, policy, { transport: 'test', startedAt: 0 });
  const start = process.cpuUsage();
  runWithTrace(trace, () => log(nest, logger));
  const { user, system } = process.cpuUsage(start);
  const ms = (user + system) / 1000;
  return { raw: sink.raw.join('\n'), ms };
}

function linked(count: number): object {
  const ids = Array.from({ length: count }, (_, id) => id);
  const users = ids.map((id) => ({ id, name: `user ${id}`, roles: [] as object[] }));
  const roles = ids.map((id) => ({ id, name: `role ${id}`, users: [...users] }));
  for (const user of users) user.roles = [...roles];
  return users[0]!;
}

function endless(): object {
  return {
    get next() {
      return endless();
    },
    get other() {
      return endless();
    },
  };
}

function growing(size: number): object {
  return { toJSON: () => Array.from({ length: size }, () => growing(size * 2)) };
}

function chain(length: number): Error {
  let error = new Error('the first');
  for (let i = 0; i < length; i++) error = new Error(`error ${i}`, { cause: error });
  return error;
}

function keyed(count: number, make: (i: number) => string): object {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [make(i), i]));
}

const nested = (depth: number): unknown => {
  let value: unknown = 'end';
  for (let i = 0; i < depth; i++) value = { value };
  return value;
};

const SPARSE: unknown[] = [];
SPARSE.length = 2 ** 32 - 1;
const WIDE = new AggregateError(
  Array.from(
    { length: 50 },
    () =>
      new AggregateError(
        Array.from({ length: 50 }, () => chain(3)),
        'x',
      ),
  ),
  'many',
);

const LARGE: [string, () => object][] = [
  ['entities that know each other', () => ({ entity: linked(60) })],
  ['endless getters', () => ({ value: endless() })],
  ['growing toJSON', () => ({ value: growing(4) })],
  ['a text of 100 MB', () => ({ text: 'é"\n'.repeat(33_000_000) })],
  ['many texts', () => ({ texts: Array.from({ length: 5_000 }, (_, i) => `text ${i} 日本`) })],
  ['a sparse list', () => ({ list: SPARSE })],
  ['a list of a million', () => ({ list: Array.from({ length: 1_000_000 }, () => 1) })],
  ['a set of a million', () => ({ set: new Set(Array.from({ length: 1_000_000 }, (_, i) => i)) })],
  ['a map', () => ({ map: new Map(Array.from({ length: 200_000 }, (_, i) => [i, i])) })],
  [
    'a map of objects',
    () => ({ map: new Map(Array.from({ length: 9_000 }, (_, i) => [{ i }, i])) }),
  ],
  ['many keys', () => ({ body: keyed(50_000, (i) => `key ${i}`) })],
  ['many fields', () => keyed(50_000, (i) => `field ${i}`)],
  ['long keys', () => keyed(20, (i) => `${i}`.padEnd(100_000, 'k'))],
  ['a deep value', () => ({ deep: nested(50_000) })],
  ['a buffer', () => ({ buffer: Buffer.alloc(50_000_000) })],
  [
    'undefined values',
    () => ({
      v: Object.fromEntries(Object.keys(keyed(50_000, String)).map((key) => [key, undefined])),
    }),
  ],
  ['a huge number', () => ({ n: 10n ** 100_000n })],
  ['controls', () => ({ text: '\u0000'.repeat(60_000) })],
];

describe.each<[string, Logform.Format, boolean]>([
  ['traceJson()', traceJson({ service: 'shop' }), true],
  ['traceJson() of ecs', traceJson({ service: 'shop', preset: 'ecs' }), true],
  ['traceText()', traceText(), false],
  ['json()', format.json(), true],
])('under %s', (name, made, isJson) => {
  it.each(LARGE)('an entry with %s is bounded in size and time', (_name, make) => {
    const fields = make();
    const { raw, ms } = written(made, (nest) => nest.log('saved', fields, 'Orders'));
    expect(Buffer.byteLength(raw) + 1).toBeLessThanOrEqual(MAX);
    expect(ms).toBeLessThan(MAX_MS);
    expect(raw).toContain('saved');
    expect(raw).toContain('req-1');
    if (isJson) expect(JSON.parse(raw)).toMatchObject({ message: 'saved' });
  });

  it.each<[string, () => Error]>([
    ['10,000 causes', () => chain(10_000)],
    [
      '100,000 errors',
      () =>
        new AggregateError(
          Array.from({ length: 100_000 }, () => new Error('x')),
          'many',
        ),
    ],
    ['errors of errors', () => WIDE],
    [
      'a stack of 10 MB',
      () => Object.assign(new Error('a'), { stack: `Error: a\n${'    at x\n'.repeat(1_000_000)}` }),
    ],
    ['a message of 10 MB', () => new Error('m'.repeat(10_000_000))],
  ])('an error with %s is bounded, beside large fields', (_name, make) => {
    const error = make();
    const { raw, ms } = written(made, (nest) =>
      nest.error('failed', error, { text: 'x'.repeat(1e6) }),
    );
    expect(Buffer.byteLength(raw) + 1).toBeLessThanOrEqual(MAX);
    expect(ms).toBeLessThan(MAX_MS);
    expect(raw).toContain('failed');
    expect(raw).toMatch(/AggregateError|Error: /);
    if (isJson) JSON.parse(raw);
  });

  it('a message of 10 MB is cut, and its ids are there', () => {
    const { raw, ms } = written(made, (nest) => nest.log('日本'.repeat(5_000_000), { order: 17 }));
    expect(Buffer.byteLength(raw) + 1).toBeLessThanOrEqual(MAX);
    expect(ms).toBeLessThan(MAX_MS);
    expect(raw).toContain('日本');
    expect(raw).toContain('req-1');
    expect(raw).toContain('17');
    expect(raw).toContain('more characters]');
    if (name !== 'json()') expect(raw).toMatch(/"?truncated"?[=:]true/);
  });
});

describe('a line', () => {
  const lineOf = (options: TraceJsonOptions, log: (logger: Logger) => void): string =>
    written(traceJson({ service: 'shop', ...options }), (_nest, logger) => log(logger)).raw;
  const sizeOf = (raw: string): number => Buffer.byteLength(raw) + 1;

  it('that fits exactly is whole, and one that is a byte longer is cut', () => {
    const empty = sizeOf(lineOf({}, (logger) => logger.info('')));
    for (const maxEntryBytes of [1_000, 4_096, MAX]) {
      const text = 'x'.repeat(maxEntryBytes - empty);
      const whole = lineOf({ maxEntryBytes }, (logger) => logger.info(text));
      expect(sizeOf(whole)).toBe(maxEntryBytes);
      expect(JSON.parse(whole)).not.toHaveProperty('truncated');
      const cut = lineOf({ maxEntryBytes }, (logger) => logger.info(`${text}x`));
      expect(sizeOf(cut)).toBeLessThanOrEqual(maxEntryBytes);
      expect(JSON.parse(cut)).toMatchObject({ truncated: true, request_id: 'req-1' });
    }
  });

  it.each(['x', 'é', '日', '😀', '\u0000', '"', '\ud800'])(
    'of %j is never longer than its limit, and never holds half a character',
    (character) => {
      for (let length = 900; length < 1_100; length += 7) {
        const raw = lineOf({ maxEntryBytes: 1_000 }, (logger) =>
          logger.info('saved', { text: character.repeat(length), after: 'small' }),
        );
        expect(sizeOf(raw)).toBeLessThanOrEqual(1_000);
        const line = JSON.parse(raw) as { after?: string; text?: string };
        expect(line.after).toBe('small');
        if (character === '😀')
          expect(line.text ?? '').not.toMatch(/[\ud800-\udbff](?![\udc00-\udfff])/);
      }
    },
  );

  it('says what was cut, where it was cut', () => {
    const raw = lineOf({ maxEntryBytes: 2_000 }, (logger) =>
      logger.info('saved', {
        id: 17,
        list: Array.from({ length: 500 }, (_, i) => i),
        body: keyed(500, (i) => `k${i}`),
        text: 'x'.repeat(5_000),
      }),
    );
    const line = JSON.parse(raw) as {
      list: unknown[];
      body: Record<string, unknown>;
      text: string;
    };
    expect(line).toMatchObject({ id: 17, truncated: true });
    expect(line.list.at(-1)).toMatch(/^\[\d+ more items\]$/);
    expect(line.body['…']).toMatch(/^\[\d+ more fields\]$/);
    expect(line.text).toMatch(/^x+… \[\d+ more characters\]$/);
  });

  it('keeps the fields of an access log line before large ones', () => {
    const raw = lineOf({ maxEntryBytes: 3_000 }, (logger) =>
      logger.info('Request finished', {
        big: 'x'.repeat(1e6),
        duration_ms: 12.5,
        method: 'GET',
        path: '/orders',
        outcome: 'completed',
        status_code: 200,
      }),
    );
    expect(JSON.parse(raw)).toMatchObject({
      duration_ms: 12.5,
      method: 'GET',
      path: '/orders',
      outcome: 'completed',
      status_code: 200,
    });
  });

  it('writes an object once, and a reference to it after that', () => {
    const address = { city: 'Berlin' };
    const raw = lineOf({}, (logger) =>
      logger.info('saved', { order: { from: address, to: address }, address, empty: [[], []] }),
    );
    expect(JSON.parse(raw)).toMatchObject({
      order: { from: { city: 'Berlin' }, to: '[Repeated: order.from]' },
      address: '[Repeated: order.from]',
      empty: [[], []],
    });
  });
});

it.each([0, 999, 1.5, NaN, '64kB', 2 ** 30, null])(
  'refuses `maxEntryBytes` of %j',
  (maxEntryBytes) => {
    const options = { maxEntryBytes: maxEntryBytes as number };
    expect(() => traceJson(options)).toThrow(/`maxEntryBytes`/);
    expect(() => resolveOptions(options)).toThrow(/`maxEntryBytes`/);
  },
);
