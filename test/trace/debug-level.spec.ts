import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { readDebugLevel, signDebugLevel } from '../../src/trace/debug-level.js';

const KEY = 'a key of sixteen characters or more';
const NOW = 1_767_225_600;

describe('X-Debug-Level', () => {
  beforeEach(() => void jest.useFakeTimers({ now: NOW * 1000 }));
  afterEach(() => void jest.useRealTimers());

  it('is valid until its second begins, and can be used until then', () => {
    const value = signDebugLevel(KEY, 'debug', new Date((NOW + 60) * 1000));
    jest.setSystemTime((NOW + 60) * 1000 - 1);
    expect(readDebugLevel(value, KEY)).toMatchObject({ level: 'debug', header: value });
    expect(readDebugLevel([value], KEY)).toMatchObject({ level: 'debug' });
    expect(readDebugLevel(Buffer.from(value), KEY)).toMatchObject({ level: 'debug' });
    jest.setSystemTime((NOW + 60) * 1000);
    expect(readDebugLevel(value, KEY)).toBeUndefined();
  });

  it('is for an hour at most, with a minute for clocks that differ', () => {
    expect(readDebugLevel(signDebugLevel(KEY, 'debug', NOW + 3660), KEY)).toBeDefined();
    expect(readDebugLevel(signDebugLevel(KEY, 'debug', NOW + 3661), KEY)).toBeUndefined();
  });

  it('may have its hexadecimal signature in capitals, but nothing else', () => {
    const value = signDebugLevel(KEY, 'debug', NOW + 60);
    const [signed, signature] = value.split(';sig=') as [string, string];
    const capitals = `${signed};sig=${signature.toUpperCase()}`;
    expect(readDebugLevel(capitals, KEY)).toMatchObject({ header: capitals });
    for (const wrong of [
      value.toUpperCase(),
      ` ${value}`,
      `${value} `,
      `${value}\n`,
      value.replace(';', '; '),
      value.replace('=', ' = '),
      `${value}, ${value}`,
      value.replace('expires=', 'expires=0'),
      value.slice(0, -2),
      `${value}00`,
      value.replace('debug', 'silly'),
    ]) {
      expect([wrong, readDebugLevel(wrong, KEY)]).toEqual([wrong, undefined]);
    }
    expect(readDebugLevel([value, value], KEY)).toBeUndefined();
    expect(readDebugLevel({ toString: () => value }, KEY)).toBeUndefined();
    expect(readDebugLevel(value, `${KEY} of another service`)).toBeUndefined();
  });

  it.each([Number.NaN, -1, 1e12, new Date(Number.NaN)])('is not made for %s', (expires) => {
    expect(() => signDebugLevel(KEY, 'debug', expires)).toThrow(RangeError);
  });
});
