import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { isoTimestamp, localTimestamp } from '../../src/records/timestamp.js';

const FIRST = Date.UTC(2000, 0, 1);
const LAST = Date.UTC(2100, 0, 1);

const intl = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'short',
  timeStyle: 'medium',
  hourCycle: 'h23',
});

/** Local time by other means: the parts that Intl finds. */
function localByIntl(ms: number): string {
  const parts = intl.formatToParts(ms);
  const part = (name: string): string => parts.find(({ type }) => type === name)!.value;
  const date = `${part('year')}-${part('month')}-${part('day')}`;
  return `${date} ${part('hour')}:${part('minute')}:${part('second')}`;
}

describe('isoTimestamp', () => {
  it.each([
    [0, '1970-01-01T00:00:00.000Z'],
    [1, '1970-01-01T00:00:00.001Z'],
    [999, '1970-01-01T00:00:00.999Z'],
    [1000, '1970-01-01T00:00:01.000Z'],
    [1_705_314_615_042, '2024-01-15T10:30:15.042Z'],
    [1_735_689_599_999, '2024-12-31T23:59:59.999Z'],
  ])('%i is %s', (ms, expected) => {
    expect(isoTimestamp(ms)).toBe(expected);
  });

  it('is what Date writes, for times in any order, across and within a second', () => {
    const time = fc.integer({ min: FIRST, max: LAST });
    const step = fc.integer({ min: -1500, max: 1500 });
    fc.assert(
      fc.property(time, fc.array(step), (start, steps) => {
        for (const ms of [start, ...steps.map((by) => start + by)]) {
          expect(isoTimestamp(ms)).toBe(new Date(ms).toISOString());
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('localTimestamp', () => {
  it('is local time to the second, for times in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: FIRST, max: LAST }), { maxLength: 3 }), (times) => {
        for (const ms of times) expect(localTimestamp(ms)).toBe(localByIntl(ms));
      }),
      { numRuns: 1000 },
    );
  });

  it('is the same within a second, and another one after it', () => {
    const texts = [0, 1, 999, 1000].map((ms) => localTimestamp(LAST + ms));
    expect(new Set(texts.slice(0, 3)).size).toBe(1);
    expect(texts[3]).not.toBe(texts[0]);
  });
});
