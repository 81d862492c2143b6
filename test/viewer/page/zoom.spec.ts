import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { moved, placeOf, stretchOf, zoomed } from '../../../src/viewer/page/detail/zoom.js';

describe('a stretch of the time axis', () => {
  it('is from one place to another, in either direction', () => {
    expect(stretchOf(20, 60, 100)).toEqual({ from: 20, to: 60 });
    expect(stretchOf(60, 20, 100)).toEqual({ from: 20, to: 60 });
  });

  it('is undefined for the whole axis', () => {
    expect(stretchOf(-5, 120, 100)).toBeUndefined();
    expect(zoomed({ from: 20, to: 70 }, 2, 100)).toBeUndefined();
  });

  it('is zoomed around a place, and moved by a part of itself', () => {
    expect(zoomed({ from: 20, to: 60 }, 0.5, 100)).toEqual({ from: 30, to: 50 });
    expect(zoomed({ from: 20, to: 60 }, 0.5, 100, 55)).toEqual({ from: 45, to: 65 });
    expect(moved({ from: 20, to: 60 }, 0.25, 100)).toEqual({ from: 30, to: 70 });
    expect(moved({ from: 20, to: 60 }, -5, 100)).toEqual({ from: 0, to: 40 });
  });

  it('is on the axis and has a length, for any numbers', () => {
    const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(number, number, fc.double({ min: 1, max: 1e6, noNaN: true }), (a, b, total) => {
        const { from, to } = stretchOf(a, b, total) ?? { from: 0, to: total };
        expect(from).toBeGreaterThanOrEqual(0);
        expect(to).toBeGreaterThan(from);
        expect(to).toBeLessThanOrEqual(total * (1 + 1e-9));
      }),
    );
  });

  it('has only what is not outside of it', () => {
    const stretch = { from: 20, to: 60 };
    expect(placeOf(30, 40, stretch)).toEqual({ left: '25.000%', width: '25.000%' });
    expect(placeOf(0, 100, stretch)).toEqual({ left: '0.000%', width: '100.000%' });
    expect(placeOf(0, 10, stretch)).toBeUndefined();
    expect(placeOf(70, 80, stretch)).toBeUndefined();
  });
});
