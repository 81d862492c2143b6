import { describe, expect, it } from '@jest/globals';
import { hasGrown, riseOf } from './heap-watch.js';
import { Numbers, OPEN, RecentValues, SETTLED, UNKNOWN } from './numbers.js';
import type { ServerState } from './server-state.js';
import { leftovers } from './state-differences.js';

const MEGABYTE = 1024 * 1024;

describe('numbers', () => {
  it('are handed out once each, and remembered however many there are', () => {
    const numbers = new Numbers();
    expect(numbers.take(2)).toBe(1);
    expect(numbers.take(1)).toBe(3);
    numbers.close(2, SETTLED);
    numbers.take(200_000);
    expect([1, 2, 3, 200_003, 200_004].map((number) => numbers.stageOf(number))).toEqual([
      OPEN,
      SETTLED,
      OPEN,
      OPEN,
      UNKNOWN,
    ]);
  });
});

describe('recent values', () => {
  it('are the last 50,000 at least, and 100,000 at most', () => {
    const recent = new RecentValues();
    let fresh = 0;
    for (let value = 0; value < 100_000; value++) if (recent.add(`v-${value}`)) fresh++;
    expect(fresh).toBe(100_000);
    expect(recent.add('v-99999')).toBe(false);
    expect(recent.add('v-50000')).toBe(false);
    expect(recent.add('v-49999')).toBe(true);
  });
});

describe('the heap', () => {
  it('may be a tenth and 2 MB larger, and no byte more', () => {
    expect(hasGrown(40 * MEGABYTE, 46 * MEGABYTE)).toBe(false);
    expect(hasGrown(40 * MEGABYTE, 46 * MEGABYTE + 1)).toBe(true);
  });

  it('rises by what the line through the samples says', () => {
    const samplesOf = (...sizes: number[]) => sizes.map((bytes, n) => ({ atMs: n * 5, bytes }));
    expect(riseOf([])).toBe(0);
    expect(riseOf(samplesOf(7))).toBe(0);
    expect(riseOf(samplesOf(10, 20, 30, 40))).toBeCloseTo(30);
    expect(riseOf(samplesOf(10, 30, 10, 30, 10))).toBeCloseTo(0);
  });
});

describe('what a server holds', () => {
  it('is compared by name, and more of it is left behind', () => {
    const before: ServerState = {
      resources: { Timeout: 1 },
      processListeners: {},
      serverListeners: {},
      socketListeners: { close: 4 },
      subscribers: {},
      connections: 0,
    };
    const after: ServerState = {
      ...before,
      resources: { Timeout: 2 },
      serverListeners: { odd: 1 },
      socketListeners: { close: 3 },
      connections: 1,
    };
    expect(leftovers(before, before)).toEqual([]);
    expect(leftovers(before, after)).toEqual([
      'resource "Timeout": 2, before 1',
      'server listener "odd": 1, before 0',
      'connections: 1, before 0',
    ]);
  });
});
