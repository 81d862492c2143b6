import { describe, expect, it } from '@jest/globals';
import { allowanceFor, difference, excesses, merge } from './budget.js';
import { instructionsIn } from './instructions.js';

describe('a budget', () => {
  const budget = { request: { bytes: 1000, listeners: 1 } };

  it('allows what it says and nothing more', () => {
    expect(excesses({ request: { bytes: 1000, listeners: 1 } }, budget)).toEqual([]);
    expect(excesses({ request: { bytes: 1001, listeners: 2 } }, budget)).toEqual([
      'request: 1001 bytes, and 1000 are allowed',
      'request: 2 listeners, and 1 are allowed',
    ]);
  });

  it('allows none of what it does not name', () => {
    expect(excesses({ request: { bytes: 1, listeners: 1, timers: 0 } }, budget)).toEqual([
      'request: timers have no budget',
    ]);
    expect(excesses({ ...budget, line: { bytes: 1 } }, budget)).toEqual([
      'line: bytes have no budget',
    ]);
  });

  it('misses what was not counted', () => {
    expect(excesses({ request: { bytes: NaN, listeners: 1 } }, budget)).toHaveLength(1);
    expect(excesses({ request: { bytes: 1 } }, budget)).toEqual([
      'request: listeners were not counted',
    ]);
    expect(excesses({}, budget)).toHaveLength(2);
  });

  it('holds instructions only against a machine that has both counted them and recorded them', () => {
    const withInstructions = { request: { ...budget.request, instructions: 10 } };
    expect(excesses(withInstructions, budget)).toEqual([]);
    expect(excesses(budget, withInstructions)).toEqual([]);
    const more = { request: { ...budget.request, instructions: 11 } };
    expect(excesses(more, withInstructions)).toHaveLength(1);
  });
});

describe('an allowance', () => {
  it('is what was counted, with a little room for bytes', () => {
    const counted = { bytes: 50_000, promises: 3, instructions: 1000 };
    expect(allowanceFor(counted)).toEqual({ bytes: 50_032, promises: 3, instructions: 1100 });
  });
});

describe('a difference', () => {
  it('is in whole numbers', () => {
    expect(difference({ promises: 31.42, ticks: 1 }, { promises: 19.34, ticks: 2 })).toEqual({
      promises: 12,
      ticks: -1,
    });
  });

  it('is none when one of the two was not counted', () => {
    expect(difference({ promises: 1 }, {})).toEqual({ promises: NaN });
  });
});

describe('two runs', () => {
  it('are one, with the chosen of each count', () => {
    const [one, other] = [{ line: { bytes: 5, ticks: 1 } }, { line: { bytes: 4, ticks: 2 } }];
    expect(merge(one, other, Math.min)).toEqual({ line: { bytes: 4, ticks: 1 } });
    expect(merge(one, other, Math.max)).toEqual({ line: { bytes: 5, ticks: 2 } });
  });

  it('have no count that is in one alone', () => {
    expect(merge({ line: { bytes: 5 } }, {}, Math.min)).toEqual({ line: { bytes: NaN } });
  });
});

describe('the output of perf', () => {
  it('is a number, or that it cannot count', () => {
    expect(instructionsIn('1234567,,instructions:u,100,100.00,,\n')).toBe(1234567);
    expect(instructionsIn('<not supported>,,instructions:u,0,100.00,,\n')).toBeUndefined();
    expect(instructionsIn('No permission to enable instructions:u event.\n')).toBeUndefined();
    expect(instructionsIn('')).toBeUndefined();
  });
});
