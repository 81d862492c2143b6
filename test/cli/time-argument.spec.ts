import { describe, expect, it } from '@jest/globals';
import { parseTime } from '../../src/cli/time-argument.js';

const NOW = new Date(2024, 0, 15, 12, 0, 0, 0).getTime();

describe('a time on the command line', () => {
  it.each([
    ['500ms', NOW - 500],
    ['90s', NOW - 90_000],
    ['5m', NOW - 300_000],
    ['1.5h', NOW - 5_400_000],
    ['1d', NOW - 86_400_000],
    ['10:30', new Date(2024, 0, 15, 10, 30).getTime()],
    ['9:05:07', new Date(2024, 0, 15, 9, 5, 7).getTime()],
    ['2024-01-14', new Date(2024, 0, 14).getTime()],
    ['2024-01-14 10:30', new Date(2024, 0, 14, 10, 30).getTime()],
    ['2024-01-14T10:30:15.042Z', Date.UTC(2024, 0, 14, 10, 30, 15, 42)],
    ['2024-01-14T10:30:15+0200', Date.UTC(2024, 0, 14, 8, 30, 15)],
    ['2024-01-14T10:30:15-05:30', Date.UTC(2024, 0, 14, 16, 0, 15)],
    ['1705314615042', 1705314615042],
  ])('%s', (text, ms) => {
    expect(parseTime(text, NOW)).toBe(ms);
  });

  it.each(['', '5', '5 m', '-5m', '5w', 'now', '24:00', '10:60', '2024-13-01', '2024-01-14T25:00'])(
    'is not %j',
    (text) => {
      expect(parseTime(text, NOW)).toBeUndefined();
    },
  );
});
