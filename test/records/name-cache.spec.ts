import { describe, expect, it } from '@jest/globals';
import v8 from 'node:v8';
import vm from 'node:vm';
import { NameCache, ownCopy } from '../../src/records/name-cache.js';

const collect = (): void => {
  v8.setFlagsFromString('--expose-gc');
  (vm.runInNewContext('gc') as () => void)();
};

/** Keeps a name as its users do: it is known from the second time on. */
function keepTwice(cache: NameCache<string>, name: string): void {
  cache.keep(name, (own) => own);
  cache.keep(name, (own) => own);
}

describe('NameCache', () => {
  it('keeps a name that is seen again, not one that is seen once', () => {
    const cache = new NameCache<string>(10);
    expect(cache.keep('amount', () => 'first')).toBeUndefined();
    expect(cache.get('amount')).toBeUndefined();
    expect(cache.keep('amount', () => 'second')).toBe('second');
    expect(cache.get('amount')).toBe('second');
  });

  it('keeps no name of more than 64 characters', () => {
    const cache = new NameCache<string>(10);
    keepTwice(cache, 'k'.repeat(64));
    keepTwice(cache, 'k'.repeat(65));
    expect(cache.get('k'.repeat(64))).toBe('k'.repeat(64));
    expect(cache.get('k'.repeat(65))).toBeUndefined();
  });

  it('holds two generations at most, and keeps what is in use while others fill it', () => {
    const cache = new NameCache<string>(10);
    keepTwice(cache, 'in-use');
    const others = Array.from({ length: 500 }, (_, i) => `other-${i}`);
    for (const name of others) {
      keepTwice(cache, name);
      expect(cache.get('in-use')).toBe('in-use');
    }
    const kept = others.filter((name) => cache.get(name) !== undefined);
    expect(kept.length).toBeLessThanOrEqual(20);
    expect(kept).toContain(others.at(-1));
  });

  it('keeps a few of the names that each come once, whatever their number', () => {
    const cache = new NameCache<string>(1_000);
    for (let i = 0; i < 100_000; i++) cache.keep(`field-${i}`, (own) => own);
    keepTwice(cache, 'after');
    expect(cache.get('after')).toBe('after');
  });

  it('does not retain the text that a name is a part of', () => {
    const cache = new NameCache<string>(1_000);
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 200; i++) {
      const body = `${String(i).padStart(20, 'n')}${'x'.repeat(500_000)}`.split('').join('');
      keepTwice(cache, body.slice(0, 20));
    }
    collect();
    expect(cache.get(String(199).padStart(20, 'n'))).toBe(String(199).padStart(20, 'n'));
    // 200 parts of texts of 500 kB: 100 MB if each kept its text.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000);
  });
});

it.each(['', 'amount', 'größe', '日本', '😀', '\ud800'])(
  'ownCopy of %j is the same text',
  (text) => {
    expect(ownCopy(text)).toBe(text);
  },
);
