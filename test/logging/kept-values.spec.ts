import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { ValueKeeper } from '../../src/logging/kept-values.js';

const ROOM = 8192;

function kept<T>(value: T, room = ROOM): { copy: T; used: number } {
  const keeper = new ValueKeeper();
  keeper.begin(room);
  const copy = keeper.keep(value) as T;
  return { copy, used: room - keeper.left };
}

describe('what is kept of an argument', () => {
  it.each<[string, unknown]>([
    ['a text', 'x'.repeat(5_000_000)],
    ['a field', { blob: 'x'.repeat(5_000_000), more: 1 }],
    ['a nested field', { a: { b: [{ blob: 'x'.repeat(5_000_000) }] } }],
    ['a list', Array.from({ length: 200_000 }, (_, i) => `item ${i}`)],
    ['fields', Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, i]))],
    ['a map', new Map(Array.from({ length: 50_000 }, (_, i) => [i, `item ${i}`]))],
    ['a set', new Set(Array.from({ length: 50_000 }, (_, i) => i))],
    ['bytes', Buffer.alloc(5_000_000)],
    ['a buffer', new ArrayBuffer(5_000_000)],
    ['a view', { view: new DataView(new ArrayBuffer(5_000_000)) }],
    ['an error', Object.assign(new Error('e'), { response: { data: 'x'.repeat(5_000_000) } })],
    ['a message of an error', new Error('x'.repeat(5_000_000))],
  ])('is cut, and counts no more than that, for %s of 5 MB', (_what, value) => {
    const { copy, used } = kept(value);
    expect(used).toBeGreaterThan(0);
    // An error has its stack besides, which is as long as the room at most.
    expect(used).toBeLessThan(2 * ROOM + 200);
    expect(
      inspect(copy, { depth: 9, maxArrayLength: 2000, maxStringLength: null }).length,
    ).toBeLessThan(60_000);
  });

  it('is exact at the end of the room', () => {
    expect(kept('x'.repeat(ROOM)).copy).toBe('x'.repeat(ROOM));
    const { copy } = kept('x'.repeat(ROOM + 1));
    expect(copy).toContain('1 more character');
    expect(copy.startsWith(`${'x'.repeat(ROOM)}…`)).toBe(true);
  });

  it('does not change with the bytes of a buffer or view', () => {
    const bytes = Buffer.from('abcd');
    const floats = new Float64Array([1, 2]);
    const buffer = new ArrayBuffer(2);
    const view = new DataView(buffer);
    const { copy } = kept({ bytes, floats, buffer, view, part: bytes.subarray(1, 3) });
    bytes.fill('z');
    floats.fill(9);
    new Uint8Array(buffer).fill(7);
    expect(copy.bytes).toBeInstanceOf(Buffer);
    expect(String(copy.bytes)).toBe('abcd');
    expect(String(copy.part)).toBe('bc');
    expect([...copy.floats]).toEqual([1, 2]);
    expect([...new Uint8Array(copy.buffer)]).toEqual([0, 0]);
    expect(copy.view.getUint8(1)).toBe(0);
  });

  it('does not hold an error that has more than was kept', () => {
    class CallError extends TypeError {
      response = { data: 'x'.repeat(100_000) };
    }
    const error = new CallError('failed', { cause: new Error('the cause') });
    const { copy } = kept(error);
    expect(Object.getPrototypeOf(copy)).toBe(CallError.prototype);
    expect(copy.message).toBe('failed');
    expect(copy.stack).toBe(error.stack);
    expect(kept(new Error('outer', { cause: error })).copy.cause).not.toBe(error);
    const outer = new Error('outer', { cause: error });
    expect(Object.getPrototypeOf(kept(outer).copy)).toBe(Error.prototype);
    // The stack of a small one is not read.
    const small = new Error('small', { cause: new Error('cause') });
    expect(Object.getPrototypeOf(kept(small).copy)).toBe(small);
  });

  it('asks a part of an instance, and never the whole of it, what it is', () => {
    const asked: number[] = [];
    class Order {
      constructor(readonly blob: string) {}
      toJSON(): object {
        asked.push(this.blob.length);
        return { size: this.blob.length };
      }
    }
    class Hidden {
      readonly #key = 'secret';
      readonly blob = 'x'.repeat(100_000);
      toJSON(): string {
        return this.#key;
      }
    }
    expect(JSON.stringify(kept(new Order('abc')).copy)).toBe('{"size":3}');
    JSON.stringify(kept(new Order('x'.repeat(1_000_000))).copy);
    expect(asked[1]).toBeLessThan(ROOM + 50);
    expect(JSON.stringify(kept(new Hidden()).copy)).toBe('"[Hidden]"');
  });

  it('ends for iterators that do not, and for what holds itself', () => {
    class Endless extends Set<number> {
      override *[Symbol.iterator](): SetIterator<number> {
        for (let i = 0; ; i++) yield i;
      }
    }
    expect([...Set.prototype.values.call(kept(new Endless([1, 2])).copy)]).toEqual([1, 2]);
    const set = new Set<unknown>([1]);
    set.add(set);
    const { copy } = kept(set);
    expect([...copy]).toEqual([1, copy]);
    const hostile = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no');
        },
      },
    );
    expect(kept({ a: 1, hostile }).copy).toMatchObject({ a: 1 });
  });
});
