import { Logger, type INestApplication } from '@nestjs/common';
import { format, type Logform, type Logger as WinstonLogger } from 'winston';
import { traceFormat, traceJson, traceText, type TraceContext } from '../../src/index.js';

/** What a shape of a call has at hand. */
interface Loggers {
  readonly nest: Logger;
  readonly winston: WinstonLogger;
  readonly trace: TraceContext;
}

/** One way to write an entry with a value. Each writes exactly one line. */
export interface CallShape {
  readonly name: string;
  readonly write: (loggers: Loggers, value: any) => unknown;
}

/** One hostile value. */
export interface EntryAttack {
  readonly name: string;
  readonly make: (app: INestApplication) => unknown;
  /** The shapes of calls that take it. Default: all. */
  readonly shapes?: readonly string[];
}

/** One format of lines. */
export interface LineFormat {
  readonly name: string;
  readonly make: () => Logform.Format;
  /** The name of the field with the request id; `undefined` for text. */
  readonly requestId?: string;
  /** The library writes the line, not another format behind it. */
  readonly isOurs?: boolean;
}

export const LINE_FORMATS: readonly LineFormat[] = [
  { name: 'json', make: () => traceJson(), requestId: 'request_id' },
  { name: 'text', make: () => traceText() },
  { name: 'otel', make: () => traceJson({ preset: 'otel' }), requestId: 'request_id' },
  { name: 'ecs', make: () => traceJson({ preset: 'ecs' }), requestId: 'http.request.id' },
  { name: 'gcp', make: () => traceJson({ preset: 'gcp' }), requestId: 'request_id' },
  { name: 'datadog', make: () => traceJson({ preset: 'datadog' }), requestId: 'request_id' },
  {
    name: 'traceFormat inside combine',
    make: () => format.combine(traceFormat(), format.json()),
    requestId: 'request_id',
    isOurs: false,
  },
];

export const CALL_SHAPES: readonly CallShape[] = [
  { name: 'log(text, value)', write: ({ nest }, value) => nest.log('tag', value) },
  { name: 'log({ value })', write: ({ nest }, value) => nest.log('tag', { value }) },
  { name: 'log({ value }, text)', write: ({ nest }, value) => nest.log({ value }, 'tag of it') },
  {
    name: 'log({ message, value })',
    write: ({ nest }, value) => nest.log({ message: 'tag', value }),
  },
  { name: 'log(value)', write: ({ nest }, value) => nest.log(value) },
  {
    name: 'log(text, value, context)',
    write: ({ nest }, value) => nest.log('tag', value, 'Context'),
  },
  { name: 'log(%s, value)', write: ({ nest }, value) => nest.log('tag %s', value) },
  { name: 'log(%o, value)', write: ({ nest }, value) => nest.log('tag %o and %j', value, value) },
  { name: 'error(value)', write: ({ nest }, value) => nest.error(value) },
  { name: 'error(text, value)', write: ({ nest }, value) => nest.error('tag', value) },
  { name: 'error({ err })', write: ({ nest }, value) => nest.error({ err: value }, 'tag of it') },
  {
    name: 'error with it as cause',
    write: ({ nest }, cause) => nest.error(new Error('x', { cause })),
  },
  {
    name: 'error with it as a field',
    write: ({ nest }, value) => nest.error(Object.assign(new Error('x'), { value })),
  },
  { name: 'fatal(value)', write: ({ nest }, value) => nest.fatal(value) },
  { name: 'warn(text, value)', write: ({ nest }, value) => nest.warn('tag', value) },
  { name: 'as the context', write: ({ nest }, value) => nest.warn('tag', { value }, value) },
  {
    name: 'winston.info(text, { value })',
    write: ({ winston }, value) => winston.info('tag', { value }),
  },
  { name: 'winston.info(text, value)', write: ({ winston }, value) => winston.info('tag', value) },
  {
    name: 'winston.log(level, text, { value })',
    write: ({ winston }, value) => winston.log('info', 'tag', { value }),
  },
  {
    name: 'winston.log({ level, message, value })',
    write: ({ winston }, value) => winston.log({ level: 'info', message: 'tag', value }),
  },
  {
    name: 'winston.log with it as the message',
    write: ({ winston }, message) => winston.log({ level: 'info', message }),
  },
  {
    name: 'winston.child({ value })',
    write: ({ winston }, value) => winston.child({ value }).info('tag'),
  },
  { name: 'console.log(text, value)', write: (_, value) => console.log('tag', value) },
  { name: 'console.error(%o, value)', write: (_, value) => console.error('tag %o', value) },
  {
    name: 'an attribute of a span',
    write: ({ nest, trace }, value) => trace.span('span', () => nest.log('tag'), { value }),
  },
  {
    // The last: it is on the access log line too.
    name: 'trace.set',
    write: ({ nest, trace }, value) => {
      trace.set('held', value);
      nest.log('tag');
    },
  },
];

const OBJECT_SHAPES = [
  'log({ value })',
  'winston.info(text, { value })',
  'error with it as a field',
];

/** Each of the names under which a preset, or another logger, has an id. */
export const ID_NAMES = [
  ...['trace_id', 'request_id', 'session_id', 'span_id', 'trace_flags'],
  ...['trace.id', 'span.id', 'transaction.id', 'http.request.id', 'labels.session_id'],
  ...['logging.googleapis.com/trace', 'logging.googleapis.com/spanId'],
  ...['logging.googleapis.com/trace_sampled', 'dd.trace_id', 'dd.span_id'],
];
export const FORGED = 'forged-id';

function linked(count: number, depth = 1): unknown {
  const numbers = Array.from({ length: count }, (_, id) => id);
  const users = numbers.map((id) => ({ id, name: `user ${id}`, roles: [] as unknown[] }));
  const roles = numbers.map((id) => ({ id, name: `role ${id}`, users: [...users] as unknown[] }));
  for (const user of users) user.roles = [...roles];
  return depth === 1 ? users[0] : users.map(() => linked(count, depth - 1));
}

function nested(depth: number, wrap: (value: unknown) => unknown): unknown {
  let value: unknown = 'core';
  for (let level = 0; level < depth; level++) value = wrap(value);
  return value;
}

function cycle(): unknown {
  const value: Record<string, unknown> = { name: 'cycle' };
  value['self'] = value;
  value['list'] = [value, { deep: value }];
  return value;
}

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

const fail = (): never => {
  throw new Error('a trap of the caller');
};
const trapping = (target: object): unknown =>
  new Proxy(target, {
    get: fail,
    ownKeys: fail,
    has: fail,
    getPrototypeOf: fail,
    getOwnPropertyDescriptor: fail,
  });

function recordOf(names: readonly string[], value: unknown): object {
  return Object.fromEntries(names.map((name) => [name, value]));
}

function errorWith(fields: object): Error {
  return Object.defineProperties(new Error('x'), Object.getOwnPropertyDescriptors(fields));
}

class Entity {
  constructor(
    readonly id: number,
    public others: Entity[] = [],
  ) {}

  toJSON(): object {
    return { id: this.id, others: this.others };
  }
}

function entities(count: number): unknown {
  const all = Array.from({ length: count }, (_, id) => new Entity(id));
  for (const one of all) one.others = all;
  return all[0];
}

const CONTROLS = `a\u0000\u0007\b\u001b[2J\u001b]0;t\u0007\r\n{"level":"error"}\u007f\u0085\u009b31m\u2028\u2029\u202e\u2066\u200f`;

export const ENTRY_ATTACKS: readonly EntryAttack[] = [
  { name: 'undefined', make: () => undefined },
  { name: 'null', make: () => null },
  { name: 'a symbol', make: () => Symbol('s') },
  { name: 'a BigInt', make: () => 10n ** 40n },
  { name: 'NaN', make: () => Number.NaN },
  { name: 'an invalid date', make: () => new Date(Number.NaN) },
  { name: 'a function', make: () => fail },
  { name: 'a class', make: () => Entity },
  {
    name: 'a record without a prototype',
    make: () => Object.assign(Object.create(null), { a: 1 }),
  },
  { name: 'a cycle', make: cycle },
  {
    name: 'a cycle through a Map and a Set',
    make: () => {
      const map = new Map<unknown, unknown>();
      map.set('self', new Set([map]));
      map.set(map, map);
      return map;
    },
  },
  {
    name: 'a getter that throws',
    make: () => ({
      get bad() {
        return fail();
      },
      good: 1,
    }),
  },
  {
    name: 'a getter that throws null',
    make: () => ({
      get bad(): never {
        throw null as unknown as Error;
      },
    }),
  },
  {
    name: 'a getter that logs',
    make: () => ({
      get bad() {
        return {
          get bad() {
            return fail();
          },
        };
      },
    }),
  },
  {
    name: 'an enumerable getter that is endless',
    make: () => {
      class Endless {
        get next(): unknown {
          return new Endless();
        }
      }
      const make = (): object => ({
        get next() {
          return make();
        },
      });
      return [new Endless(), make()];
    },
  },
  { name: 'toJSON that throws', make: () => ({ toJSON: fail }) },
  {
    name: 'toJSON of itself',
    make: () => {
      const value = { toJSON: (): unknown => value };
      return value;
    },
  },
  {
    name: 'toJSON that is endless',
    make: () => {
      const make = (): object => ({ toJSON: () => ({ next: make() }) });
      return make();
    },
  },
  { name: 'toJSON that is no function', make: () => ({ toJSON: 'text', a: 1 }) },
  { name: 'toJSON of undefined', make: () => ({ toJSON: () => undefined }) },
  {
    name: 'toString that throws',
    make: () => ({ toString: fail, [Symbol.toPrimitive]: fail, valueOf: fail }),
  },
  {
    name: 'inspect that throws',
    make: () => ({ [Symbol.for('nodejs.util.inspect.custom')]: fail, a: 1 }),
  },
  {
    name: 'toStringTag that throws',
    make: () => ({
      get [Symbol.toStringTag]() {
        return fail();
      },
    }),
  },
  { name: 'a revoked proxy', make: () => revoked({}) },
  { name: 'a revoked proxy of an array', make: () => revoked([]) },
  { name: 'a revoked proxy of a function', make: () => revoked(() => {}) },
  { name: 'a record with a revoked proxy', make: () => ({ a: revoked({}), b: [revoked([])] }) },
  { name: 'a proxy whose traps throw', make: () => trapping({ a: 1 }) },
  { name: 'a proxy of an error whose traps throw', make: () => trapping(new Error('x')) },
  { name: 'a proxy of a Map', make: () => new Proxy(new Map([['a', 1]]), {}) },
  {
    name: 'a proxy with endless keys',
    make: () =>
      new Proxy({}, { get: (_, key) => (key === 'toJSON' ? undefined : { key: String(key) }) }),
  },
  { name: 'an iterator that throws', make: () => ({ [Symbol.iterator]: fail }) },
  {
    name: 'a Map whose iterator throws',
    make: () => Object.assign(new Map(), { entries: fail, [Symbol.iterator]: fail, forEach: fail }),
  },
  { name: 'a thenable that throws', make: () => ({ then: fail }) },
  {
    name: 'a promise that rejects',
    make: () => {
      const value = Promise.reject(new Error('x'));
      value.catch(() => {});
      return value;
    },
  },
  {
    name: 'a weak map, a regular expression and a URL',
    make: () => [new WeakMap(), /x/g, new URL('http://a.example/')],
  },
  {
    name: 'a detached buffer',
    make: () => {
      const bytes = new Uint8Array(8);
      structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
      return bytes;
    },
  },
  {
    name: 'a sparse array',
    make: () => {
      const list: unknown[] = [];
      list[4_000_000] = 1;
      return list;
    },
    shapes: ['log({ value })', 'log(text, value)'],
  },
  { name: 'an array with a length that lies', make: () => ({ length: 4_000_000_000, 0: 'a' }) },
  { name: 'a lone surrogate', make: () => ({ text: '\ud800', '\udc00': 1 }) },

  { name: 'control characters in a text', make: () => CONTROLS },
  { name: 'control characters in a value', make: () => ({ text: CONTROLS, list: [CONTROLS] }) },
  { name: 'control characters in a key', make: () => ({ [CONTROLS]: 1, deep: { [CONTROLS]: 1 } }) },
  {
    name: 'control characters in an error',
    make: () =>
      errorWith({
        name: CONTROLS,
        message: CONTROLS,
        stack: `${CONTROLS}\n    at x (y:1:2)`,
        code: CONTROLS,
      }),
  },
  {
    name: 'a forged line in a text',
    make: () => 'saved\n2024-01-15 10:30:15 - ERROR - [req=forged-id|session=none] forged',
  },
  { name: 'placeholders', make: () => '%s %d %j %o %O %c %% %' },
  { name: 'a name of Object.prototype', make: () => '__proto__' },
  {
    name: '__proto__ as a key',
    make: () =>
      JSON.parse(
        '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
      ) as unknown,
  },
  {
    name: 'names of Object.prototype as keys',
    make: () => recordOf(['toString', 'valueOf', 'hasOwnProperty', 'constructor'], 'x'),
  },
  {
    name: 'names of Object.prototype as values',
    make: () => ({
      level: 'constructor',
      outcome: 'toString',
      preset: '__proto__',
      status_code: 'valueOf',
    }),
  },
  {
    name: 'names of winston',
    make: () => ({
      level: 'constructor',
      exception: true,
      splat: [1],
      message: 'm',
      [Symbol.for('level')]: 'none',
      [Symbol.for('message')]: 'forged',
      [Symbol.for('splat')]: ['x'],
    }),
  },
  {
    name: 'ids of its own',
    make: () => recordOf(ID_NAMES, FORGED),
    shapes: [
      'log(text, value)',
      'log(value)',
      'winston.info(text, value)',
      'winston.log({ level, message, value })',
      'error with it as a field',
      'trace.set',
    ],
  },
  {
    name: 'ids and the names that they give way to',
    make: () =>
      recordOf(
        ID_NAMES.flatMap((name) => [name, `_${name}`, `__${name}`, `_____${name}`]),
        FORGED,
      ),
  },
  {
    name: 'every other field of the line',
    make: () =>
      recordOf(
        [
          'timestamp',
          '_timestamp',
          '@timestamp',
          'time',
          'service',
          '_service',
          'service.name',
          'severity',
          'log.level',
          'status',
          'context',
          '_context',
          'logger.name',
          'log.logger',
          'error',
          '_error',
          'stack',
          'error.stack_trace',
          'exception.type',
          'ecs.version',
        ],
        FORGED,
      ),
  },
  {
    name: 'keys that become equal when they are made text',
    make: () =>
      new Map<unknown, unknown>([
        [1, 'a'],
        ['1', 'b'],
        [{}, 'c'],
        ['[object Object]', 'd'],
        [null, 'e'],
        ['null', 'f'],
      ]),
  },
  {
    name: 'nested ids',
    make: () => ({
      trace: { id: FORGED },
      span: { id: FORGED },
      http: { request: { id: FORGED } },
      labels: { session_id: FORGED },
      dd: { trace_id: FORGED },
    }),
  },
];

/** Values whose size or links must cost neither time nor memory. */
export const LARGE_ENTRY_ATTACKS: readonly EntryAttack[] = [
  { name: 'entities that know each other, 8 × 8', make: () => linked(8), shapes: OBJECT_SHAPES },
  {
    name: 'entities that know each other, 40 × 40',
    make: () => linked(40),
    shapes: ['log({ value })'],
  },
  {
    name: 'graphs of entities, side by side',
    make: () => linked(6, 2),
    shapes: ['log({ value })'],
  },
  {
    name: '200 entities with toJSON that know each other',
    make: () => entities(200),
    shapes: OBJECT_SHAPES,
  },
  { name: 'the application', make: (app) => ({ app }), shapes: ['log(text, value)'] },
  { name: 'the server', make: (app) => app.getHttpServer() as unknown, shapes: ['log({ value })'] },
  {
    name: 'process, globalThis',
    make: () => ({ process, globalThis }),
    shapes: ['log({ value })'],
  },
  {
    name: 'one object 100,000 times',
    make: () => {
      const one = { a: 'b'.repeat(100) };
      return Array.from({ length: 100_000 }, () => one);
    },
    shapes: OBJECT_SHAPES,
  },
  {
    name: '100,000 levels of arrays',
    make: () => nested(100_000, (value) => [value]),
    shapes: OBJECT_SHAPES,
  },
  {
    name: '100,000 levels of records',
    make: () => nested(100_000, (value) => ({ value })),
    shapes: OBJECT_SHAPES,
  },
  {
    name: '10,000 causes',
    make: () => nested(10_000, (cause) => new Error('x', { cause })),
    shapes: ['error(value)', ...OBJECT_SHAPES],
  },
  {
    name: 'causes in a circle',
    make: () => {
      const error = new Error('x');
      error.cause = new Error('y', { cause: error });
      return error;
    },
  },
  {
    name: 'an error of 10,000 errors',
    make: () => new AggregateError(Array.from({ length: 10_000 }, () => new Error('x'))),
    shapes: ['error(value)'],
  },
  {
    name: 'a stack of 5 MB',
    make: () => errorWith({ stack: `Error: x\n${'    at f (file.js:1:2)\n'.repeat(230_000)}` }),
    shapes: ['error(value)', 'log({ value })'],
  },
  {
    name: 'an error whose stack is no text',
    make: () => errorWith({ stack: { a: 1 }, message: 17, name: Symbol('s') }),
  },
  {
    name: 'an error whose stack throws',
    make: () => Object.defineProperty(new Error('x'), 'stack', { get: fail }),
  },
  {
    name: '100,000 keys',
    make: () =>
      Object.fromEntries(Array.from({ length: 100_000 }, (_, key) => [`key-${key}`, key])),
    shapes: OBJECT_SHAPES,
  },
  {
    name: 'a key of 10 MB',
    make: () => ({ ['k'.repeat(10_000_000)]: 1 }),
    shapes: [...OBJECT_SHAPES, 'log(text, value)'],
  },
  { name: 'a text of 100 MB', make: () => 'x'.repeat(100_000_000), shapes: ['log({ value })'] },
  {
    name: 'a message of 10 MB',
    make: () => 'x'.repeat(10_000_000),
    shapes: ['log(value)', 'error(value)', 'winston.log with it as the message', 'log(%s, value)'],
  },
  {
    name: '10 MB that are three times as long in JSON',
    make: () => '\u0001\u2028"\\'.repeat(2_500_000),
    shapes: ['log({ value })', 'log(value)'],
  },
  {
    name: '64 kB in four bytes a character',
    make: () => '\u{1f4a5}'.repeat(40_000),
    shapes: ['log({ value })', 'log(value)'],
  },
  {
    name: 'a context of 10 MB',
    make: () => `C${'x'.repeat(10_000_000)}`,
    shapes: ['as the context', 'log(text, value)'],
  },
  {
    name: 'a buffer of 10 MB',
    make: () => Buffer.alloc(10_000_000),
    shapes: ['log({ value })', 'log(text, value)'],
  },
  {
    name: 'a typed array of 10 MB',
    make: () => new Float64Array(1_250_000),
    shapes: ['log({ value })'],
  },
  {
    name: 'a Map and a Set of 100,000',
    make: () => ({
      map: new Map(Array.from({ length: 100_000 }, (_, key) => [key, key])),
      set: new Set(Array.from({ length: 100_000 }, (_, key) => key)),
    }),
    shapes: OBJECT_SHAPES,
  },
  {
    name: '1,000 fields of 1 kB',
    make: () =>
      Object.fromEntries(
        Array.from({ length: 1000 }, (_, key) => [`key-${key}`, 'x'.repeat(1000)]),
      ),
    shapes: [...OBJECT_SHAPES, 'log(text, value)', 'winston.info(text, value)'],
  },
];
