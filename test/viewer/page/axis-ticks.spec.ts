import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { ticksOf } from '../../../src/viewer/page/detail/axis-ticks.js';

describe('the places on a time axis', () => {
  it.each([
    [1403, [0, 500, 1000]],
    [1000, [0, 200, 400, 600, 800, 1000]],
    [6, [0, 1, 2, 3, 4, 5, 6]],
    [7, [0, 2, 4, 6]],
    [0.6, [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]],
  ])('are round numbers: %d ms', (durationMs, ticks) => {
    expect(ticksOf(durationMs).map((tick) => Number(tick.toFixed(6)))).toEqual(ticks);
  });

  it('are never more than seven, and never beyond the end', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (durationMs) => {
        const ticks = ticksOf(durationMs);
        expect(ticks[0]).toBe(0);
        expect(ticks.length).toBeLessThanOrEqual(7);
        expect(ticks.at(-1)).toBeLessThanOrEqual(durationMs * (1 + 1e-8));
      }),
    );
  });
});
