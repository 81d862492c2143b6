import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { errorFields, jsonValue, readProperty } from '../../src/records/json-value.js';
import { codePoint } from '../support/arbitraries.js';

/** What a value comes out as, parsed again. */
function shown(value: unknown): unknown {
  const json = jsonValue(value);
  expect(typeof json).toBe('string');
  return JSON.parse(json!);
}

const throwing = (): never => {
  throw new Error('on purpose');
};

class Point {
  readonly x = 1;
}

class Account {
  readonly secret = 'x';
  readonly id = 7;
  toJSON(): object {
    return { account: this.id };
  }
}

describe('a plain value', () => {
  it.each([
    ['null', null],
    ['true', true],
    ['zero', 0],
    ['minus zero', -0],
    ['a large number', 1e308],
    ['a small number', 5e-324],
    ['NaN, which is null', NaN],
    ['Infinity, which is null', -Infinity],
    ['an empty string', ''],
    ['an empty list', []],
    ['an empty object', {}],
    ['nested', { a: [1, { b: null }], c: 'd' }],
    ['undefined in an object', { a: undefined, b: 1 }],
    ['a function in an object', { a: throwing, b: 1 }],
    ['a symbol in an object', { a: Symbol('s'), b: 1 }],
    ['undefined in a list', [undefined, throwing, Symbol('s')]],
    ['a list with a hole', Object.assign([], { 0: 1, 2: 3 })],
    ['a list of holes', Object.assign([], { length: 3 })],
    ['a symbol as a key', { [Symbol('s')]: 1, b: 2 }],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
    ['fields that are not enumerable', Object.defineProperty({ a: 1 }, 'b', { value: 2 })],
    ['a date', new Date(0)],
    ['a date that is none', new Date(NaN)],
    ['a URL', new URL('https://example.com/?a=b')],
    ['an object with toJSON', new Account()],
    ['boxed values', [new String('a'), new Number(1), new Boolean(false)]],
    ['__proto__ as a key', JSON.parse('{"__proto__":{"a":1},"b":2}') as object],
    ['an instance of a class', new Point()],
  ])('is written as JSON.stringify writes it: %s', (_name, value) => {
    expect(jsonValue(value)).toBe(JSON.stringify(value));
  });

  it.each([
    ['undefined', undefined],
    ['a function', throwing],
    ['a symbol', Symbol('s')],
  ])('is left out: %s', (_name, value) => {
    expect(jsonValue(value)).toBeUndefined();
  });

  it('is written as JSON.stringify writes it, for any value', () => {
    const safe = fc.jsonValue({ maxDepth: 6, stringUnit: 'grapheme-ascii' });
    fc.assert(
      fc.property(safe, (value) => {
        expect(jsonValue(value)).toBe(JSON.stringify(value));
      }),
      { numRuns: 1000 },
    );
  });

  it('is read back as JSON.stringify writes it, with any character in keys and values', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: codePoint }), (value) => {
        expect(shown(value)).toStrictEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a value that JSON.stringify throws at', () => {
  it('may be a cycle', () => {
    const cycle: Record<string, unknown> = { name: 'a' };
    cycle['self'] = cycle;
    cycle['deep'] = { list: [cycle] };
    expect(shown(cycle)).toEqual({
      name: 'a',
      self: '[Circular]',
      deep: { list: ['[Circular]'] },
    });
  });

  it('may be a cycle of errors, maps and sets', () => {
    const error = new Error('outer');
    error.cause = new Error('inner', { cause: error });
    expect(shown(error)).toMatchObject({ cause: { message: 'inner', cause: '[Circular]' } });
    const map = new Map<string, unknown>();
    map.set('set', new Set([map]));
    expect(shown(map)).toEqual({ set: ['[Circular]'] });
  });

  it('is written once when it appears twice', () => {
    const twice = { a: 1 };
    expect(shown([twice, { twice }])).toEqual([{ a: 1 }, { twice: '[Repeated: 0]' }]);
  });

  it('may be a BigInt', () => {
    expect(jsonValue({ n: 2n ** 64n })).toBe('{"n":"18446744073709551616"}');
  });

  it('may have a getter that throws, and keeps its other fields', () => {
    const value = Object.defineProperty({ before: 1, bad: 2, after: 3 }, 'bad', { get: throwing });
    expect(shown(value)).toEqual({ before: 1, bad: '[Threw: on purpose]', after: 3 });
  });

  it.each([
    ['an Error', new Error('why'), '[Threw: why]'],
    ['a string', 'why', '[Threw: string]'],
    ['nothing', undefined, '[Threw: undefined]'],
    ['an object without a prototype', Object.create(null), '[Threw: object]'],
  ])('may throw %s', (_name, reason: unknown, expected) => {
    const get = (): never => {
      throw reason;
    };
    const value = Object.defineProperty({ bad: 1 }, 'bad', { get });
    expect(shown(value)).toEqual({ bad: expected });
  });

  it('may have a toJSON that throws', () => {
    expect(shown({ a: { toJSON: throwing }, b: 1 })).toEqual({ a: '[Threw: on purpose]', b: 1 });
  });

  it('may have a toJSON that is no function, or a getter that throws', () => {
    expect(shown({ toJSON: 'text' })).toEqual({ toJSON: 'text' });
    const value = Object.defineProperty({}, 'toJSON', { get: throwing });
    expect(shown({ value })).toEqual({ value: '[Threw: on purpose]' });
  });

  const returnsThis = function (this: object): object {
    return this;
  };
  const returnsThisInList = function (this: object): object {
    return [this];
  };
  const copyOf = (): object => ({ toJSON: copyOf });

  it.each<[string, (this: object) => object]>([
    ['itself', returnsThis],
    ['a list with itself', returnsThisInList],
    ['an object with the same toJSON', copyOf],
  ])('may have a toJSON that returns %s', (_name, toJSON) => {
    expect(() => shown({ value: { a: 1, toJSON } })).not.toThrow();
  });

  const traps = ['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor'] as const;

  it.each(traps)('may be a proxy whose `%s` throws', (trap) => {
    const value = new Proxy({ a: 1 }, { [trap]: throwing });
    expect(() => shown({ before: 1, value, after: 2 })).not.toThrow();
    expect(shown({ before: 1, value, after: 2 })).toMatchObject({ before: 1, after: 2 });
  });

  it('may be a proxy whose every trap throws, or one that was revoked', () => {
    const value = new Proxy({}, new Proxy({}, { get: throwing }));
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(() => shown([value, proxy])).not.toThrow();
    expect(shown([value, 1])).toEqual(['[Threw: on purpose]', 1]);
  });

  it('may be deeper than a stack', () => {
    let value: unknown = 'end';
    for (let i = 0; i < 100_000; i++) value = { value };
    expect(jsonValue(value)!.length).toBeLessThan(1000);
  });
});

describe('a value that JSON.stringify omits', () => {
  it('may be a map, whose keys are strings', () => {
    const map = new Map<unknown, unknown>([
      ['a', 1],
      [2, new Map([['b', 3n]])],
      [Symbol('s'), 4],
    ]);
    expect(shown(map)).toEqual({ a: 1, 2: { b: '3' }, 'Symbol(s)': 4 });
  });

  it('may be a map with a key like __proto__', () => {
    const map = new Map([['__proto__', { polluted: true }]]);
    expect(jsonValue(map)).toBe('{"__proto__":{"polluted":true}}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('may be a set', () => {
    expect(shown(new Set(['a', { b: 1 }, undefined]))).toEqual(['a', { b: 1 }, null]);
  });

  it.each([
    ['a Buffer', Buffer.from('secret'), '[Buffer(6)]'],
    ['a typed array', new Float64Array(4), '[Float64Array(32)]'],
    ['a DataView', new DataView(new ArrayBuffer(5)), '[DataView(5)]'],
  ])('may be bytes, which are counted and not shown: %s', (_name, value, expected) => {
    expect(shown({ value })).toEqual({ value: expected });
  });
});

describe('an error', () => {
  it('has its name, message, stack and those of its own fields that tell of the fault', () => {
    const error = Object.assign(new TypeError('bad'), { code: 'E42', status: 404, retry: false });
    expect(shown(error)).toEqual({
      name: 'TypeError',
      message: 'bad',
      stack: expect.stringContaining('TypeError: bad\n    at '),
      code: 'E42',
      status: 404,
    });
  });

  it('omits the request that an HTTP client attaches to it', () => {
    const config = { url: '/pay', headers: { authorization: 'Bearer secret' } };
    const error = Object.assign(new Error('bad'), { config, request: { socket: {} }, code: 'E' });
    expect(shown(error)).toMatchObject({ message: 'bad', code: 'E' });
    expect(jsonValue({ error })).not.toContain('secret');
  });

  it('says what caused it, and what caused that', () => {
    const error = new Error('top', { cause: new Error('middle', { cause: 'bottom' }) });
    expect(shown({ error })).toMatchObject({
      error: { message: 'top', cause: { name: 'Error', message: 'middle', cause: 'bottom' } },
    });
  });

  it('says all errors of an AggregateError', () => {
    const error = new AggregateError([new Error('one'), 'two', new RangeError('three')], 'many');
    expect(shown(error)).toMatchObject({
      name: 'AggregateError',
      message: 'many',
      errors: [{ message: 'one' }, 'two', { name: 'RangeError' }],
    });
  });

  it.each<[string, () => Error, object]>([
    ['no stack', () => Object.assign(new Error('a'), { stack: undefined }), { message: 'a' }],
    ['a name of its own', () => Object.assign(new Error('a'), { name: 'Mine' }), { name: 'Mine' }],
    ['a BigInt', () => Object.assign(new Error('a'), { code: 1n }), { message: 'a', code: '1' }],
    [
      'getters that throw',
      () => Object.defineProperty(new Error('a'), 'message', { get: throwing }),
      { name: 'Error', message: '[Threw: on purpose]' },
    ],
  ])('may have %s', (_name, make, expected) => {
    expect(shown(make())).toMatchObject(expected);
  });

  it('has its fields in the order in which people read them', () => {
    const error = Object.assign(new Error('a', { cause: 1 }), { code: 2 });
    expect(Object.keys(errorFields(error))).toEqual(['name', 'message', 'stack', 'cause', 'code']);
  });
});

describe('a large value', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 'end' : { a: nested(depth - 1) });
  const depthOf = (json: string): number => json.split('{').length - 1;

  it('is shown to a depth of 16, and named below', () => {
    expect(jsonValue(nested(16))).toContain('"end"');
    expect(depthOf(jsonValue(nested(16))!)).toBe(16);
    expect(jsonValue(nested(17))).toContain('"[Object]"');
    expect(depthOf(jsonValue(nested(17))!)).toBe(16);
    expect(jsonValue([[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]])).toContain('"[Array]"');
  });

  it('may be a string of 10 MB', () => {
    const text = `${'x'.repeat(5_000_000)}\n${'"'.repeat(5_000_000)}`;
    const startedAt = performance.now();
    const cut = shown({ text }) as { text: string };
    expect(cut.text).toMatch(/^x{30000,}… \[\d+ more characters\]$/);
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });
});

describe('readProperty', () => {
  it('reads, or says that it could not', () => {
    expect(readProperty({ a: 1 }, 'a')).toBe(1);
    expect(readProperty({}, 'a')).toBeUndefined();
    const bad = Object.defineProperty({}, 'a', { get: throwing });
    expect(readProperty(bad, 'a')).toBe('[Threw: on purpose]');
  });
});

describe('any value', () => {
  const anything = fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    stringUnit: codePoint,
  });

  it('is JSON or nothing, never thrown at', () => {
    fc.assert(
      fc.property(anything, (value) => {
        const json = jsonValue(value);
        if (json === undefined) return;
        expect(() => JSON.parse(json) as unknown).not.toThrow();
        // oxlint-disable-next-line no-control-regex
        expect(json).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a map', () => {
  const key = { id: 1 };

  it.each<[string, Map<unknown, unknown>, unknown]>([
    ['of texts is an object', new Map([['a', 1]]), { a: 1 }],
    ['of numbers is an object', new Map([[1, 'a']]), { 1: 'a' }],
    [
      'of alike keys is a list of pairs',
      new Map<unknown, string>([
        [1, 'a'],
        ['1', 'b'],
      ]),
      [
        [1, 'a'],
        ['1', 'b'],
      ],
    ],
    ['of objects is a list of pairs', new Map([[key, 'a']]), [[{ id: 1 }, 'a']]],
    ['of objects inside a map', new Map([['a', new Map([[key, 'b']])]]), { a: [[{ id: 1 }, 'b']] }],
    [
      'with a key `__proto__`',
      new Map([
        ['__proto__', 1],
        ['b', 2],
      ]),
      JSON.parse('{"__proto__":1,"b":2}'),
    ],
    ['that is empty', new Map(), {}],
  ])('%s', (_name, map, expected) => {
    expect(shown(map)).toEqual(expected);
  });
});

describe('a field of an error', () => {
  it('that JSON writes as a simple value is one of its fields', () => {
    const fields = { code: new Date(0), type: { toJSON: () => '12 €' }, request: { body: 'x' } };
    const { code, type, request } = shown(Object.assign(new Error('why'), fields)) as Record<
      string,
      unknown
    >;
    expect({ code, type, request }).toEqual({
      code: '1970-01-01T00:00:00.000Z',
      type: '12 €',
      request: undefined,
    });
  });
});
