import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { createLogger, format, transports, type Logform, type Logger } from 'winston';
import { runWithTrace } from '../../../src/context/trace-store.js';
import { traceJson } from '../../../src/logging/formats/json-format.js';
import { traceText } from '../../../src/logging/formats/text-format.js';
import { openLogger } from '../../../src/logging/winston/default-logger.js';
import { traceLogger } from '../../../src/logging/winston/trace-logger.js';
import { TracingLogger } from '../../../src/logging/winston/tracing-logger.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import type { RedactOptions } from '../../../src/options/redact-options.js';
import { tracingChannels } from '../../../src/records/channels.js';
import { PRESET_NAMES } from '../../../src/records/field.js';
import { ID_FIELD_NAMES } from '../../../src/records/id-field-names.js';
import type { LogRecord } from '../../../src/records/log-record.js';
import { presetOf } from '../../../src/logging/formats/presets.js';
import { openTrace } from '../../../src/trace/open-trace.js';
import type { Trace } from '../../../src/trace/trace.js';
import { LineSink } from '../../support/line-sink.js';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

const { policy } = resolveOptions();

type Log = (nest: TracingLogger, winston: Logger, trace: Trace) => void;

/** What a logger of the application's own writes in a request. */
function rawOf(made: Logform.Format, log: Log): string {
  const sink = new LineSink();
  const stream = new transports.Stream({ stream: sink });
  const logger = traceLogger(createLogger({ level: 'silly', format: made, transports: stream }));
  run(logger, log);
  return sink.raw.join('\n');
}

function run(logger: Logger, log: Log): void {
  const trace = openTrace({ requestId: 'req-1' }, policy, { transport: 'test', startedAt: 0 });
  runWithTrace(trace, () => log(new TracingLogger(logger), logger, trace));
}

const lineOf = (log: Log, redact?: false | RedactOptions): Record<string, unknown> =>
  JSON.parse(rawOf(traceJson({ service: 'shop', redact }), log)) as Record<string, unknown>;

const FORMATS: [string, () => Logform.Format][] = [
  ['traceJson()', () => traceJson()],
  ...PRESET_NAMES.map(
    (preset) =>
      [`traceJson() of ${preset}`, () => traceJson({ preset })] as [string, () => Logform.Format],
  ),
  ['traceText()', () => traceText()],
  ['json()', () => format.json()],
  ['splat() and json()', () => format.combine(format.splat(), format.json())],
];

class Account {
  readonly id = 7;
  readonly apiKey = 'CANARY-class';
}

const foreign = (): Error =>
  Object.assign(new Error('refused', { cause: { status: 403, headers: { a: 'CANARY-cause' } } }), {
    code: '23505',
    constraint: 'users_email_key',
    detail: 'Key (email)=(CANARY-detail)',
    body: 'CANARY-body',
    request: { data: 'CANARY-request' },
    parameters: ['CANARY-parameter'],
    get response() {
      return { data: 'CANARY-response' };
    },
  });

const SECRETS: [string, Log][] = [
  ['a field', (nest) => nest.log('x', { password: 'CANARY' })],
  ['a nested field', (nest) => nest.log('x', { a: [{ b: { 'X-Api-Key': 'CANARY' } }] })],
  ['an object', (nest) => nest.log('x', { cookies: { session: 'CANARY' } })],
  ['a map', (nest) => nest.log('x', { headers: new Map([['set-cookie', 'CANARY']]) })],
  [
    'a map of pairs',
    (nest) =>
      nest.log('x', {
        m: new Map<unknown, string>([
          ['token', 'CANARY'],
          [{}, 'b'],
        ]),
      }),
  ],
  ['pairs', (nest) => nest.log('x', { headers: [['authorization', 'Bearer CANARY']] })],
  ['raw headers', (nest) => nest.log('x', { rawHeaders: ['Host', 'a', 'Cookie', 'CANARY'] })],
  ['names and values', (nest) => nest.log('x', { headers: [{ name: 'Cookie', value: 'CANARY' }] })],
  ['an instance', (nest) => nest.log('x', { account: new Account() })],
  ['an instance as the message', (nest) => nest.log(new Account())],
  ['what toJSON returns', (nest) => nest.log('x', { a: { toJSON: () => ({ secret: 'CANARY' }) } })],
  [
    'a getter',
    (nest) =>
      nest.log('x', {
        a: {
          get private_key() {
            return 'CANARY';
          },
        },
      }),
  ],
  ['an object of %j', (nest) => nest.log('x %j', { passwd: 'CANARY' })],
  ['an object of %o', (_, winston) => winston.info('x %o', { passwd: 'CANARY' })],
  ['a list of tokens', (nest) => nest.log('x', { refreshTokens: ['CANARY'] })],
  [
    'TraceContext.set',
    (nest, _, trace) => {
      trace.setField('accessToken', 'CANARY');
      nest.log('x');
    },
  ],
  [
    'TraceContext.set, nested',
    (nest, _, trace) => {
      trace.setField('user', { pwd: 'CANARY' });
      nest.log('x');
    },
  ],
  [
    'an entry of winston',
    (_, winston) => winston.log({ level: 'info', message: 'x', secret: 'CANARY' }),
  ],
  ['fields of winston', (_, winston) => winston.info('x', { user: { token: 'CANARY' } })],
  ['an error', (nest) => nest.error(foreign())],
  ['an error behind a text', (nest) => nest.error('x', foreign())],
  ['an error of winston', (_, winston) => winston.error('x', foreign())],
  ['an error as the entry', (_, winston) => winston.error(foreign())],
  [
    'an error as the message',
    (_, winston) => winston.log({ level: 'error', message: foreign() as never }),
  ],
  ['an error inside of a field', (nest) => nest.log('x', { result: { reason: foreign() } })],
  ['a second error', (nest) => nest.error('x', new Error('first'), foreign())],
  [
    'errors of an error',
    (nest) => nest.error(new AggregateError([foreign(), { body: 'CANARY' }], 'many')),
  ],
  [
    'the cause of a cause',
    (nest) => nest.error(new Error('a', { cause: new Error('b', { cause: foreign() }) })),
  ],
];

describe.each(FORMATS)('under %s', (_format, make) => {
  it.each(SECRETS)('the secret of %s is not written', (_name, log) => {
    const raw = rawOf(make(), log);
    expect(raw).toContain('req-1');
    expect(raw).not.toContain('CANARY');
  });
});

it.each(SECRETS)('a subscriber is not told the secret of %s', (_name, log) => {
  const seen: unknown[] = [];
  const listen = (message: unknown): void => {
    const record = message as LogRecord;
    record.forEachField((name, value) => seen.push(name, value));
    seen.push(record.text, record.json());
  };
  subscribe('nestjs-tracing:log', listen);
  try {
    rawOf(traceJson(), log);
  } finally {
    unsubscribe('nestjs-tracing:log', listen);
  }
  expect(tracingChannels.log.hasSubscribers).toBe(false);
  expect(seen.length).toBeGreaterThan(0);
  expect(JSON.stringify(seen)).not.toContain('CANARY');
});

it.each(SECRETS)('a transport that reads fields is not told the secret of %s', (_name, log) => {
  const rows: string[] = [];
  const store = new transports.Stream({ stream: new LineSink() });
  store.log = (entry: object, next: () => void) => {
    rows.push(JSON.stringify(entry));
    next();
  };
  run(traceLogger(createLogger({ level: 'silly', format: traceJson(), transports: store })), log);
  expect(rows).toHaveLength(1);
  expect(rows[0]).not.toContain('CANARY');
});

describe('an error', () => {
  it('has what tells of its fault, and the same of a cause that is no error', () => {
    expect(lineOf((nest) => nest.error(foreign()))['error']).toEqual({
      name: 'Error',
      message: 'refused',
      stack: expect.stringContaining('Error: refused'),
      cause: { status: 403 },
      code: '23505',
      constraint: 'users_email_key',
    });
  });

  it('does not hide what the application logs beside it', () => {
    const error = Object.assign(new Error('x'), { orderId: 7 });
    expect(lineOf((nest) => nest.error({ err: error, orderId: error.orderId }))).toMatchObject({
      orderId: 7,
    });
  });
});

describe('`redact`', () => {
  const card = () => ({
    user: { card: { pan: '4111', cvv: '1' }, iban: 'DE1' },
    items: [{ pan: '5' }],
  });

  it('`keys` counts without case and separators, at any depth', () => {
    const line = lineOf((nest) => nest.log('x', { ...card(), deep: { I_BAN: 1 } }), {
      keys: ['iban'],
    });
    expect(line).toMatchObject({ user: { iban: '[redacted]' }, deep: { I_BAN: '[redacted]' } });
  });

  it.each<[string, string, object]>([
    ['a name', 'user.iban', { user: { iban: '#', card: { pan: '4111' } } }],
    ['any name', 'user.card.*', { user: { card: { pan: '#', cvv: '#' } } }],
    ['any index', 'items[*].pan', { items: [{ pan: '#' }] }],
    ['an index', 'items[0].pan', { items: [{ pan: '#' }] }],
    ['a star in front', '*.card.pan', { user: { card: { pan: '#', cvv: '1' } } }],
    ['quotes', 'user["card"][\'cvv\']', { user: { card: { pan: '4111', cvv: '#' } } }],
    ['a whole field', 'items', { items: '#' }],
  ])('`paths` knows %s: %s', (_name, path, expected) => {
    const line = lineOf((nest) => nest.log('x', card()), { paths: [path], replace: '#' });
    expect(line).toMatchObject(expected);
  });

  it('`replace` may be a function, and one that throws gives nothing away', () => {
    const calls: unknown[] = [];
    const replace = (value: unknown, path: readonly string[]): unknown => {
      calls.push([value, path]);
      return `${String(value).slice(0, 2)}…`;
    };
    expect(
      lineOf((nest) => nest.log('x', { a: [{ token: 'secret' }] }), { replace }),
    ).toMatchObject({
      a: [{ token: 'se…' }],
    });
    expect(calls).toContainEqual(['secret', ['a', '0', 'token']]);
    const throwing = (): never => {
      throw new Error('x');
    };
    expect(
      lineOf((nest) => nest.log('x', { token: 'secret' }), { replace: throwing }),
    ).toMatchObject({
      token: '[redacted]',
    });
  });

  it('`false` writes all', () => {
    expect(lineOf((nest) => nest.log('x', { token: 'secret' }), false)).toMatchObject({
      token: 'secret',
    });
  });

  it('of the module counts for the formats of its logger, which may have their own', () => {
    const sink = new LineSink();
    const stream = new transports.Stream({ stream: sink });
    const redact = { keys: ['iban'], paths: ['user.name'] };
    const of = (made: Logform.Format): Logger =>
      openLogger(
        resolveOptions({
          logger: { format: made, transports: stream },
          redact,
          maxEntryBytes: 2_000,
        }),
      );
    const fields = { iban: 'DE1', user: { name: 'Alice' }, text: 'x'.repeat(5_000) };
    run(of(traceJson()), (nest) => nest.log('x', fields));
    run(of(format.json()), (nest) => nest.log('x', fields));
    run(of(traceJson({ redact: false })), (nest) => nest.log('x', fields));
    const [own, other, off] = sink.raw.map((line) => JSON.parse(line) as object);
    for (const line of [own, other]) {
      expect(line).toMatchObject({
        iban: '[redacted]',
        user: { name: '[redacted]' },
        truncated: true,
      });
    }
    expect(off).toMatchObject({ iban: 'DE1', user: { name: 'Alice' }, truncated: true });
    for (const line of sink.raw) expect(line.length).toBeLessThan(2_300);
  });

  it.each(['', '.a', 'a.', 'a..b', 'a[', 'a[b]', 'a.b*', 'a b', 'a["b]', 'a]'])(
    'refuses the path %j',
    (path) => {
      expect(() => traceJson({ redact: { paths: [path] } })).toThrow(/`redact\.paths`/);
    },
  );

  it.each([true, 'token', { key: ['a'] }, { keys: 'a' }, { keys: [1] }, { replace: 1 }])(
    'refuses %j',
    (redact) => {
      expect(() => resolveOptions({ redact: redact as never })).toThrow(/redact/);
    },
  );
});

describe('names', () => {
  it('of ids are those of the presets', () => {
    const names = [undefined, ...PRESET_NAMES].flatMap((name) => Object.keys(presetOf(name).ids));
    expect([...ID_FIELD_NAMES].toSorted()).toEqual([...new Set(names)].toSorted());
  });

  it.each(['standard', ...PRESET_NAMES])(
    'of ids of any preset are not written of a field: %s',
    (name) => {
      const preset = PRESET_NAMES.find((known) => known === name);
      const nested = { trace: { id: 'F' }, dd: { trace_id: 'F' }, http: { request: { id: 'F' } } };
      const own = { ...Object.fromEntries(ID_FIELD_NAMES.map((id) => [id, 'F'])), ...nested };
      for (const made of [traceJson({ preset })]) {
        const line = JSON.parse(rawOf(made, (nest) => nest.log('x', own))) as Record<
          string,
          unknown
        >;
        for (const id of ID_FIELD_NAMES) expect(line[id]).not.toBe('F');
        for (const root of Object.keys(nested)) expect(line).not.toHaveProperty([root]);
        expect(line).toMatchObject({
          _trace: { id: 'F' },
          _dd: { trace_id: 'F' },
          '_trace.id': 'F',
        });
      }
    },
  );

  const name = fc.oneof(
    fc.constantFrom(
      'trace_id',
      '_trace_id',
      '__trace_id',
      'error',
      '_error',
      'error.code',
      'path',
      '__proto__',
    ),
    fc.constantFrom(
      '_path',
      'http.method',
      '_http.method',
      'httpRequest',
      'message',
      '_message',
      'truncated',
    ),
    fc.constantFrom(
      'context',
      'log.logger',
      'service',
      '_service',
      'constructor',
      'trace',
      '_trace',
      'dd',
    ),
  );
  const fields = fc.array(
    fc.tuple(name, fc.constantFrom<unknown>(1, 'text', { id: 1, trace_id: 2 })),
  );

  it('are never twice on a line', () => {
    const made = [
      traceJson(),
      ...PRESET_NAMES.map((preset) => traceJson({ preset, maxEntryBytes: 1_500 })),
    ];
    fc.assert(
      fc.property(fields, fields, fc.boolean(), fc.boolean(), (set, own, isError, isAccessLog) => {
        for (const one of made) {
          const raw = rawOf(one, (_, winston, trace) => {
            for (const [key, value] of set) trace.setField(key, value);
            const entry: Record<string, unknown> = { level: 'info', message: 'x' };
            if (isAccessLog)
              Object.assign(entry, { outcome: 'completed', duration_ms: 1, path: '/a' });
            for (const [key, value] of own) {
              if (key !== 'message')
                Object.defineProperty(entry, key, {
                  value,
                  enumerable: true,
                  configurable: true,
                  writable: true,
                });
            }
            if (isError) entry['error'] = Object.assign(new Error('y'), { code: 'E' });
            winston.log(entry as never);
          });
          const keys = topLevelKeys(raw);
          expect(keys).toHaveLength(new Set(keys).size);
        }
      }),
      { numRuns: 150 },
    );
  });
});

/** The keys of an object of JSON, also those that are there twice. */
function topLevelKeys(json: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  for (const [token, text] of json.matchAll(/("(?:[^"\\]|\\.)*"\s*:?)|[{}[\]]/g)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1 && text?.endsWith(':')) keys.push(text);
  }
  return keys;
}
