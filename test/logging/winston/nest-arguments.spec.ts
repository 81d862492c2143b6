import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { inspect } from 'node:util';
import { jsonValue } from '../../../src/records/json-value.js';
import { readNestArguments } from '../../../src/logging/winston/nest-arguments.js';

const STACK = 'Error: why\n    at pay (/app/pay.js:1:2)';
/** The stack of an error whose message has several lines, as those of ORMs have. */
const LONG_STACK = 'Error: Invalid call:\n  in payments\n    at pay (/app/pay.js:1:2)';
const error = new Error('why');
const other = new TypeError('and this');

class Order {
  constructor(readonly id: number) {}
}
class Money {
  toJSON(): string {
    return '12 €';
  }
}

type Row = readonly [name: string, args: readonly unknown[], expected: object];

/** What `log`, `warn`, `debug` and `verbose` are called with. */
const CALLS: readonly Row[] = [
  ['a message', ['a'], { message: 'a' }],
  ['a message and a context', ['a', 'Ctx'], { message: 'a', context: 'Ctx' }],
  ['an empty context', ['a', ''], { message: 'a', context: '' }],
  ['an object and no context', ['a', { b: 1 }], { message: 'a', b: 1 }],
  ['an object and a context', ['a', { b: 1 }, 'Ctx'], { message: 'a', b: 1, context: 'Ctx' }],
  ['objects', ['a', { b: 1 }, { c: 2 }, 'Ctx'], { message: 'a', b: 1, c: 2, context: 'Ctx' }],
  ['an object as the message', [{ b: 1 }], { message: '', b: 1 }],
  ['an object with a message', [{ message: 'a', b: 1 }], { message: 'a', b: 1 }],
  [
    'an object with a message and a context',
    [{ message: 'a' }, 'C'],
    { message: 'a', context: 'C' },
  ],
  [
    'an object with another kind of message',
    [{ message: { a: 1 } }],
    { message: '', _message: { a: 1 } },
  ],
  [
    'an object without a prototype',
    ['a', Object.assign(Object.create(null), { b: 1 })],
    { message: 'a', b: 1 },
  ],
  ['an error', [error], { message: 'why', error }],
  ['an error and a context', [error, 'Ctx'], { message: 'why', error, context: 'Ctx' }],
  ['a message and an error', ['a', error], { message: 'a', error }],
  [
    'a message, an error and a context',
    ['a', error, 'Ctx'],
    { message: 'a', error, context: 'Ctx' },
  ],
  [
    'two errors',
    [error, other],
    { message: 'why', error, args: [expect.objectContaining({ message: 'and this' })] },
  ],
  ['an instance', ['a', new Order(1)], { message: 'a', args: [new Order(1)] }],
  ['a list', ['a', [1, 2], 'Ctx'], { message: 'a', args: [[1, 2]], context: 'Ctx' }],
  ['an instance as the message', [new Order(1)], { message: '{"id":1}' }],
  ['an instance with toJSON as the message', [new Money()], { message: '"12 €"' }],
  ['a list as the message', [[1, 'a']], { message: '[1,"a"]' }],
  ['a map as the message', [new Map([['a', 1]])], { message: '{"a":1}' }],
  ['a date as the message', [new Date(0)], { message: '"1970-01-01T00:00:00.000Z"' }],
  ['a number', [42], { message: '42' }],
  ['a BigInt', [42n], { message: '42' }],
  ['a symbol', [Symbol('a')], { message: 'Symbol(a)' }],
  ['false', [false], { message: 'false' }],
  ['null', [null], { message: 'null' }],
  ['undefined', [undefined], { message: 'undefined' }],
  ['an empty string', [''], { message: '' }],
  ['a class', [Order], { message: 'Order' }],
  ['a function', [() => 'lazy'], { message: 'lazy' }],
  [
    'a function that gives a function',
    [() => () => ({ message: 'lazy', b: 1 })],
    { message: 'lazy', b: 1 },
  ],
  ['a function that gives an error', [() => error], { message: 'why', error }],
  [
    'values behind a message',
    ['a', 1, true, null, 'Ctx'],
    { message: 'a 1 true null', context: 'Ctx' },
  ],
  ['undefined behind a message', ['a', undefined, 'Ctx'], { message: 'a', context: 'Ctx' }],
];

/** What users of pino write, and placeholders. */
const PINO_CALLS: readonly Row[] = [
  ['fields, then a message', [{ b: 1 }, 'order saved'], { message: 'order saved', b: 1 }],
  ['fields, then a word', [{ b: 1 }, 'saved'], { message: 'saved', b: 1 }],
  ['fields, then a context', [{ b: 1 }, 'Ctx'], { message: '', b: 1, context: 'Ctx' }],
  [
    'fields, a message and a context',
    [{ b: 1 }, 'order saved', 'Ctx'],
    { message: 'order saved', b: 1, context: 'Ctx' },
  ],
  [
    'fields, a message and a context of two words',
    [{ b: 1 }, 'saved', 'my context'],
    { message: 'saved', b: 1, context: 'my context' },
  ],
  [
    'an error under `err`',
    [{ err: error, b: 1 }, 'not saved', 'Ctx'],
    { message: 'not saved', err: error, b: 1, context: 'Ctx' },
  ],
  [
    'an error under `err` alone',
    [{ err: error }, 'Ctx'],
    { message: 'why', err: error, context: 'Ctx' },
  ],
  [
    'an error, then a message',
    [error, 'not saved', 'Ctx'],
    { message: 'not saved', error, context: 'Ctx' },
  ],
  ['an error, then a message alone', [error, 'not saved'], { message: 'not saved', error }],
  [
    'fields, a message with placeholders, values',
    [{ b: 1 }, 'sent %s to %d', 'tea', 12, 'Ctx'],
    { message: 'sent tea to 12', b: 1, context: 'Ctx' },
  ],
  [
    'fields, a message with a placeholder, and a value',
    [{ b: 1 }, 'sent %s', 'tea'],
    { message: 'sent tea', b: 1 },
  ],
  ['an error under `err`, and nothing else', [{ err: error }], { message: 'why', err: error }],
  [
    'an instance, then a message',
    [new Order(1), 'order saved'],
    { message: 'order saved', args: [new Order(1)] },
  ],
  [
    'an instance with a message of its own, then a message',
    [Object.assign(new Order(1), { message: 'mine' }), 'order saved', 'Ctx'],
    {
      message: 'order saved',
      args: [Object.assign(new Order(1), { message: 'mine' })],
      context: 'Ctx',
    },
  ],
  ['an instance, then a context', [new Order(1), 'Ctx'], { message: '{"id":1}', context: 'Ctx' }],
  [
    'a list, then a message',
    [[1, 2], 'the list', 'Ctx'],
    { message: 'the list', args: [[1, 2]], context: 'Ctx' },
  ],
  [
    'a map, then a message',
    [new Map([['a', 1]]), 'the map'],
    { message: 'the map', args: [new Map([['a', 1]])] },
  ],
  ['a placeholder', ['sent %s', 'tea', 'Ctx'], { message: 'sent tea', context: 'Ctx' }],
  ['a placeholder without a context', ['sent %s', 'tea'], { message: 'sent tea' }],
  ['a placeholder without a value', ['sent %s', 'Ctx'], { message: 'sent %s', context: 'Ctx' }],
  [
    'more values than placeholders',
    ['sent %s', 'tea', { b: 1 }, 2, 'Ctx'],
    { message: 'sent tea 2', b: 1, context: 'Ctx' },
  ],
  [
    '%j',
    ['sent %j', { toJSON: () => ({ b: 1 }), c: 2 }, 'Ctx'],
    { message: 'sent {"b":1}', context: 'Ctx' },
  ],
  [
    '%s of an error',
    ['failed: %s', error, 'Ctx'],
    { message: 'failed: Error: why', error, context: 'Ctx' },
  ],
  [
    'a path of a URL, which has no placeholders',
    ['GET /%d0%bf%f3%c3', { b: 1 }, 'Ctx'],
    { message: 'GET /%d0%bf%f3%c3', b: 1, context: 'Ctx' },
  ],
  ['%% without a value', ['100%% of %s', 'Ctx'], { message: '100%% of %s', context: 'Ctx' }],
  ['%% with a value', ['%d%% of %s', 50, 'tea', 'Ctx'], { message: '50% of tea', context: 'Ctx' }],
];

/** What `error` and `fatal` are called with besides. */
const ERROR_CALLS: readonly Row[] = [
  ['a stack', ['a', STACK], { message: 'a', stack: STACK }],
  ['a stack and a context', ['a', STACK, 'Ctx'], { message: 'a', stack: STACK, context: 'Ctx' }],
  ['a context and a stack', ['a', 'Ctx', STACK], { message: 'a', stack: STACK, context: 'Ctx' }],
  [
    'any text in the place of a stack',
    ['a', 'b', 'Ctx'],
    { message: 'a', stack: 'b', context: 'Ctx' },
  ],
  ['no stack', ['a', undefined, 'Ctx'], { message: 'a', context: 'Ctx' }],
  ['a context alone', ['a', 'Ctx'], { message: 'a', context: 'Ctx' }],
  [
    'an object, then stack and context',
    ['a', { b: 1 }, STACK, 'Ctx'],
    { message: 'a', b: 1, stack: STACK, context: 'Ctx' },
  ],
  [
    'a stack, then object and context',
    ['a', STACK, { b: 1 }, 'Ctx'],
    { message: 'a', b: 1, stack: STACK, context: 'Ctx' },
  ],
  ['an object and a stack', ['a', { b: 1 }, STACK], { message: 'a', b: 1, stack: STACK }],
  [
    'an error and a stack',
    [error, STACK, 'Ctx'],
    { message: 'why', error, stack: STACK, context: 'Ctx' },
  ],
  [
    'more messages and a stack',
    ['a', 'b', STACK, 'Ctx'],
    { message: 'a b', stack: STACK, context: 'Ctx' },
  ],
  ['a stack of a long message', ['a', LONG_STACK], { message: 'a', stack: LONG_STACK }],
  [
    'a stack of a long message and a context',
    ['a', LONG_STACK, 'Ctx'],
    { message: 'a', stack: LONG_STACK, context: 'Ctx' },
  ],
];

describe.each([
  ['log', false],
  ['error', true],
])('the arguments of %s', (_method, mayHaveStack) => {
  it.each([...CALLS, ...PINO_CALLS])('%s', (_name, [message, ...params], expected) => {
    expect(readNestArguments(message, params, mayHaveStack)).toEqual(expected);
  });
});

describe('the arguments of error', () => {
  it.each(ERROR_CALLS)('%s', (_name, [message, ...params], expected) => {
    expect(readNestArguments(message, params, true)).toEqual(expected);
  });
});

describe('a stack', () => {
  it('is only one in error and fatal', () => {
    expect(readNestArguments('a', ['b', 'c', 'Ctx'], false)).toEqual({
      message: 'a b c',
      context: 'Ctx',
    });
  });

  it.each([
    ['line breaks', `Error${'\n'.repeat(50_000)}x`],
    ['line breaks and spaces', `Error${'\n '.repeat(50_000)}x`],
    ['something like places', `Error\n at ${':1'.repeat(50_000)}x:`],
    ['many lines', 'Error\n    at x'.repeat(20_000)],
  ])('is looked for quickly in a long text of %s', (_name, text) => {
    const startedAt = performance.now();
    readNestArguments('a', [text], true);
    expect(performance.now() - startedAt).toBeLessThan(200);
  });
});

describe('a field whose name is taken', () => {
  it.each<Row>([
    ['level', ['a', { level: 'fatal' }], { message: 'a', _level: 'fatal' }],
    ['message', ['a', { message: 'b' }], { message: 'a', _message: 'b' }],
    ['context', ['a', { context: 'b' }, 'Ctx'], { message: 'a', context: 'Ctx', _context: 'b' }],
    ['context without another', ['a', { context: 'b' }], { message: 'a', context: 'b' }],
    ['error behind an error', [error, { error: 'E42' }], { message: 'why', error, _error: 'E42' }],
    [
      'stack',
      ['a', { stack: 'mine' }, STACK, 'Ctx'],
      { message: 'a', stack: STACK, _stack: 'mine', context: 'Ctx' },
    ],
  ])('loses nothing: %s', (_name, [message, ...params], expected) => {
    expect(readNestArguments(message, params, true)).toEqual(expected);
  });

  it.each<[string, readonly unknown[], readonly RegExp[]]>([
    [
      'an error behind a field `error`',
      ['a', { error: 'E42' }, error],
      [/E42/, /"why"/, /Error: why/],
    ],
    ['a list behind a field `args`', ['a', { args: 'mine' }, [1]], [/mine/, /\[1\]/]],
    ['a field `args` behind a list', ['a', [1], { args: 'mine' }], [/mine/, /\[1\]/]],
    ['both', ['a', { args: 'mine', _args: 'too' }, [1]], [/mine/, /too/, /\[1\]/]],
  ])('keeps both, for any names: %s', (_name, [message, ...params], parts) => {
    const said = jsonValue(readNestArguments(message, params, false));
    for (const part of parts) expect(said).toMatch(part);
  });

  it('may be __proto__, which pollutes nothing', () => {
    const sent = JSON.parse('{"__proto__":{"admin":true}}') as object;
    const entry = readNestArguments('a', [sent], false);
    expect(entry['admin']).toBeUndefined();
    expect(Object.getPrototypeOf(entry)).toBe(Object.prototype);
    expect(entry).toMatchObject({ ___proto__: { admin: true } });
  });
});

describe('an argument that throws', () => {
  const throwing = (): never => {
    throw new Error('on purpose');
  };

  it('in a getter costs that field alone', () => {
    const fields = Object.defineProperty({ a: 1 }, 'bad', { get: throwing, enumerable: true });
    expect(readNestArguments('x', [fields], false)).toEqual({
      message: 'x',
      a: 1,
      bad: '[Threw: on purpose]',
    });
  });
});

describe('an argument with toJSON()', () => {
  const account = (): object => ({ name: 'Alice', notes: 'x', toJSON: () => ({ name: 'Alice' }) });

  it.each<Row>([
    [
      'behind the message',
      ['a', account(), 'Ctx'],
      { message: 'a', name: 'Alice', context: 'Ctx' },
    ],
    ['as the message', [account(), 'Ctx'], { message: '', name: 'Alice', context: 'Ctx' }],
    ['that is a text', ['a', { toJSON: () => '12 €' }], { message: 'a 12 €' }],
    ['that is nothing', ['a', { b: 1, toJSON: () => undefined }], { message: 'a' }],
  ])('%s has the fields that it returns', (_name, [message, ...params], expected) => {
    expect(readNestArguments(message, params, false)).toEqual(expected);
  });

  it('that throws costs itself', () => {
    const bad = { toJSON: throws };
    expect(readNestArguments('a', [bad, { b: 1 }, 'Ctx'], false)).toEqual({
      message: 'a',
      toJSON: '[Threw: on purpose]',
      b: 1,
      context: 'Ctx',
    });
  });
});

function throws(): never {
  throw new Error('on purpose');
}

describe('an argument that cannot be read', () => {
  const revoked = (target: object = {}): object => {
    const { proxy, revoke } = Proxy.revocable(target, {});
    revoke();
    return proxy;
  };
  const bad: [string, () => object][] = [
    ['a revoked proxy', () => revoked()],
    ['a revoked proxy of a list', () => revoked([])],
    ['a proxy of which every trap throws', () => new Proxy({}, new Proxy({}, { get: throws }))],
    ['a proxy that hides its keys', () => new Proxy({}, { ownKeys: throws })],
  ];

  it.each(bad)('costs itself alone: %s', (_name, make) => {
    const entry = readNestArguments('order 17 saved', [make(), { items: 2 }, 'Ctx'], true);
    expect(entry).toMatchObject({ message: 'order 17 saved', items: 2, context: 'Ctx' });
    expect(jsonValue(entry)).toContain('Threw');
  });

  it.each(bad)('costs itself alone in a placeholder: %s', (_name, make) => {
    const { message } = readNestArguments('saved %s %j', [make(), make(), 'Ctx'], true);
    expect(message).toMatch(/^saved .+ .+$/);
  });

  it.each(bad)('may be the message: %s', (_name, make) => {
    const entry = readNestArguments(make(), [{ items: 2 }, 'Ctx'], true);
    expect(entry).toMatchObject({ items: 2, context: 'Ctx' });
    expect(typeof entry.message).toBe('string');
  });
});

describe('any arguments', () => {
  const snapshot = (value: unknown): string => inspect(value, { depth: null });

  const argument = fc.oneof(
    fc.string(),
    fc.constantFrom(STACK, 'Ctx', undefined, error),
    fc.dictionary(fc.string(), fc.anything()),
    fc.anything({ withBigInt: true, withMap: true, withSet: true, withNullPrototype: true }),
  );

  it('become an entry, and are not changed', () => {
    fc.assert(
      fc.property(fc.array(argument, { minLength: 1 }), fc.boolean(), (args, mayHaveStack) => {
        const before = snapshot(args);
        const entry = readNestArguments(args[0], args.slice(1), mayHaveStack);
        expect(typeof entry.message).toBe('string');
        expect(snapshot(args)).toBe(before);
      }),
      { numRuns: 1000 },
    );
  });

  it('of text are all in the entry', () => {
    const word = fc.stringMatching(/^[a-z]{8,12}$/);
    fc.assert(
      fc.property(fc.uniqueArray(word, { minLength: 1 }), fc.boolean(), (words, mayHaveStack) => {
        const entry = readNestArguments(words[0], words.slice(1), mayHaveStack);
        const said =
          `${String(entry.message)} ${String(entry['stack'])} ${String(entry['context'])}`.split(
            ' ',
          );
        expect(said).toEqual(expect.arrayContaining(words));
      }),
      { numRuns: 1000 },
    );
  });
});
