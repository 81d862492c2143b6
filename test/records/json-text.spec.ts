import { describe, expect, it } from '@jest/globals';
import { assert, double, integer, property } from 'fast-check';
import { simpleJson } from '../../src/records/json-text.js';

describe('the JSON of a number', () => {
  it.each([
    0,
    -0,
    1,
    0.1,
    0.001,
    0.01,
    0.012,
    1.5,
    12.05,
    12.005,
    12.345,
    999_999_999.999,
    1_000_000_000.001,
    1e9 + 0.5,
    0.0005,
    1.0005,
    5e-324,
    1e21,
    -12.345,
    Number.MAX_SAFE_INTEGER,
    Number.EPSILON,
  ])('of %p is as JSON has it', (value) => {
    expect(simpleJson(value)).toBe(JSON.stringify(value));
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'of %p is null',
    (value) => {
      expect(simpleJson(value)).toBe('null');
    },
  );

  it('is as JSON has it for any number and any thousandth', () => {
    assert(
      property(double(), integer({ min: 0, max: 2 ** 40 }), (any, thousandths) => {
        expect(simpleJson(any)).toBe(JSON.stringify(any));
        expect(simpleJson(thousandths / 1000)).toBe(JSON.stringify(thousandths / 1000));
      }),
      { numRuns: 2000 },
    );
  });
});
