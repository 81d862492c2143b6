import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  digestId,
  isValidId,
  isW3cTraceId,
  MAX_ID_LENGTH,
  newSpanId,
  newTraceId,
  newUuid,
  toW3cTraceId,
} from '../../src/trace/ids.js';
import { codePoint } from '../support/arbitraries.js';

const LEGAL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:@/+=-';
const HEX = '4bf92f3577b34da6a3ce929d0e0e4736';
const UUID = '4bf92f35-77b3-4da6-a3ce-929d0e0e4736';

const legalId = fc.string({
  unit: fc.constantFrom(...Array.from(LEGAL)),
  minLength: 1,
  maxLength: 128,
});

describe('isValidId', () => {
  it('decides on each of the 65,536 UTF-16 code units', () => {
    const units = Array.from({ length: 0x10000 }, (_, unit) => String.fromCharCode(unit));
    // Alone, in front, in the middle and at the end: `$` of a pattern would pass a last "\n".
    const forms = (c: string): string[] => [c, `${c}a`, `a${c}a`, `a${c}`];
    const always = units.filter((c) => forms(c).every(isValidId));
    const sometimes = units.filter((c) => forms(c).some(isValidId));
    expect(always.toSorted()).toEqual(Array.from(LEGAL).toSorted());
    expect(sometimes.toSorted()).toEqual(Array.from(LEGAL).toSorted());
  });

  it.each([
    [0, false],
    [1, true],
    [127, true],
    [128, true],
    [129, false],
    [100_000, false],
  ])('%i characters: %s', (length, isValid) => {
    expect(isValidId('a'.repeat(length))).toBe(isValid);
  });

  it('has its upper bound in a constant', () => {
    expect(MAX_ID_LENGTH).toBe(128);
  });

  it.each([
    ['a line break', 'a\nb'],
    ['a header injection', 'a\r\nset-cookie: x'],
    ['NUL', 'a\0'],
    ['an escape sequence', '\u001b[2J'],
    ['DEL', 'a\u007f'],
    ['C1', 'a\u0085'],
    ['a space', 'a b'],
    ['a comma, as Node joins duplicates', 'a, b'],
    ['a semicolon', 'a;b'],
    ['double quotes', '"a"'],
    ['single quotes', "'a'"],
    ['markup', '<a>'],
    ['a backslash', 'a\\b'],
    ['a percent sign', '%0d%0a'],
    ['a letter that is not ASCII', 'é'],
    ['digits that are not ASCII', '٣'],
    ['a full-width letter', 'ａ'],
    ['an emoji', '🙂'],
    ['a lone surrogate', 'a\ud83d'],
    ['U+2028', 'a\u2028b'],
    ['a bidi override', 'a\u202eb'],
    ['a zero-width space', 'a\u200bb'],
  ])('rejects %s', (_name, value) => {
    expect(isValidId(value)).toBe(false);
  });

  it.each([
    ['nginx’s $request_id', HEX],
    ['a UUID', UUID],
    ['AWS', 'Root=1-67891233-abcdef012345678912345678'],
    ['Google', '105445aa7843bc8bf206b12000100000/1'],
    ['base64', 'dGVzdA=='],
    ['a mail address', 'job:42@worker.internal'],
  ])('accepts %s', (_name, value) => {
    expect(isValidId(value)).toBe(true);
  });

  it.each([undefined, null, 42, true, {}, ['a'], Symbol('a'), new String('a')])(
    'rejects what is no string: %p',
    (value) => {
      expect(isValidId(value)).toBe(false);
    },
  );

  it('never throws, and accepts nothing but 1 to 128 legal characters', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: codePoint, maxLength: 8 }), legalId), (value) => {
        const expected =
          value.length >= 1 &&
          value.length <= 128 &&
          Array.from(value).every((c) => LEGAL.includes(c));
        expect(isValidId(value)).toBe(expected);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('isW3cTraceId', () => {
  it.each([
    ['32 lower-case hex digits', HEX, true],
    ['one digit that is not zero', `${'0'.repeat(31)}1`, true],
    ['all zero', '0'.repeat(32), false],
    ['upper case', HEX.toUpperCase(), false],
    ['31 digits', HEX.slice(1), false],
    ['33 digits', `${HEX}0`, false],
    ['a character beyond f', `g${HEX.slice(1)}`, false],
    ['a UUID', UUID, false],
    ['a line break behind', `${HEX}\n`, false],
    ['nothing', '', false],
  ])('%s', (_name, value, expected) => {
    expect(isW3cTraceId(value)).toBe(expected);
  });
});

describe('toW3cTraceId', () => {
  it.each([
    ['leaves a W3C id alone', HEX, HEX],
    ['lowers upper-case hex', HEX.toUpperCase(), HEX],
    ['takes the digits of a UUID', UUID, HEX],
    ['takes the digits of an upper-case UUID', UUID.toUpperCase(), HEX],
    // FIPS 180-2, appendix B.1.
    ['digests anything else', 'abc', 'ba7816bf8f01cfea414140de5dae2223'],
    ['digests hex of another length', HEX.slice(1), 'f965f00a3922471f95a7a4a6a03d6cd6'],
    ['digests all zeros', '0'.repeat(32), '84e0c0eafaa95a34c293f278ac52e45c'],
    [
      'digests the nil UUID',
      '00000000-0000-0000-0000-000000000000',
      '12b9377cbe7e5c94e8a70d9d23929523',
    ],
    [
      'digests dashes in other places',
      '4bf92f3577b3-4da6-a3ce-929d-0e0e4736',
      '403474c0070c28c30d2d6528bdb299b3',
    ],
  ])('%s', (_name, id, expected) => {
    expect(toW3cTraceId(id)).toBe(expected);
  });

  it('makes a W3C id of every valid id, always the same one', () => {
    fc.assert(
      fc.property(fc.oneof(legalId, fc.uuid()), (id) => {
        const w3c = toW3cTraceId(id);
        expect(isW3cTraceId(w3c)).toBe(true);
        expect(toW3cTraceId(id)).toBe(w3c);
        expect(toW3cTraceId(w3c)).toBe(w3c);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('digestId', () => {
  it.each([
    // FIPS 180-2, appendix B.1 and B.2.
    ['SHA-256', 'tok_', 'abc', undefined, 'tok_ba7816bf8f01cfea'],
    [
      'SHA-256 of two blocks',
      'mcp_',
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      undefined,
      'mcp_248d6a61d20638b8',
    ],
    // RFC 4231, test cases 1 and 2.
    ['HMAC-SHA256', 'tok_', 'Hi There', '\u000b'.repeat(20), 'tok_b0344c61d8db3853'],
    [
      'HMAC-SHA256, short key',
      'tok_',
      'what do ya want for nothing?',
      'Jefe',
      'tok_5bdcc146bf60754e',
    ],
  ])('%s', (_name, prefix, secret, key, expected) => {
    expect(digestId(prefix, secret, key)).toBe(expected);
  });

  it('is a valid id of 16 digits, and does not reveal the secret', () => {
    fc.assert(
      fc.property(fc.string({ unit: codePoint, minLength: 4 }), (secret) => {
        const id = digestId('tok_', secret);
        expect(id).toMatch(/^tok_[0-9a-f]{16}$/);
        expect(isValidId(id)).toBe(true);
        expect(digestId('tok_', secret, 'a key of at least 16')).not.toBe(id);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('new ids', () => {
  const COUNT = 100_000;

  it('are distinct and well-formed over 100,000 requests, drawn by turns', () => {
    const traceIds = new Set<string>();
    const spanIds = new Set<string>();
    for (let i = 0; i < COUNT; i++) {
      traceIds.add(newTraceId());
      spanIds.add(newSpanId());
    }
    expect(traceIds.size).toBe(COUNT);
    expect(spanIds.size).toBe(COUNT);
    expect([...traceIds].filter((id) => !isW3cTraceId(id))).toEqual([]);
    expect([...spanIds].filter((id) => !/^(?!0{16})[0-9a-f]{16}$/.test(id))).toEqual([]);
  });

  it('share no digits with their neighbours', () => {
    // Cut from one pool: a wrong offset would show one id inside the next two.
    const digits = Array.from({ length: 500 }, () => newTraceId() + newSpanId());
    const windows = new Set(digits.flatMap((id) => [id.slice(0, 16), id.slice(16, 32)]));
    expect(windows.size).toBe(1000);
  });

  it('use every digit in every place', () => {
    const seen = Array.from({ length: 32 }, () => new Set<string>());
    for (let i = 0; i < 1000; i++)
      Array.from(newTraceId()).forEach((digit, at) => seen[at]?.add(digit));
    expect(seen.map(({ size }) => size)).toEqual(Array(32).fill(16));
  });
});

describe('a new UUID', () => {
  const many = Array.from({ length: 2000 }, newUuid);

  it('is one of version 4', () => {
    for (const uuid of many) {
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
  });

  it('is another one each time, also across the limits of a pool', () => {
    expect(new Set(many).size).toBe(many.length);
  });

  it('has every value at every place', () => {
    const seen = Array.from({ length: 36 }, () => new Set<string>());
    for (const uuid of many) Array.from(uuid).forEach((digit, at) => seen[at]!.add(digit));
    const fixed: Readonly<Record<number, number>> = { 8: 1, 13: 1, 14: 1, 18: 1, 19: 4, 23: 1 };
    expect(seen.map(({ size }) => size)).toEqual(seen.map((_, at) => fixed[at] ?? 16));
  });
});
