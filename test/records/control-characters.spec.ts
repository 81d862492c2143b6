import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { escapeText, quoteJson } from '../../src/records/control-characters.js';

/** What ends lines, drives terminals or turns text around. */
const UNSAFE: readonly (readonly [name: string, from: number, to: number])[] = [
  ['C0', 0x00, 0x1f],
  ['DEL and C1', 0x7f, 0x9f],
  ['Arabic letter mark', 0x61c, 0x61c],
  ['left-to-right and right-to-left mark', 0x200e, 0x200f],
  ['line and paragraph separator', 0x2028, 0x2029],
  ['embeddings and overrides', 0x202a, 0x202e],
  ['isolates', 0x2066, 0x2069],
];

const isUnsafe = (unit: number): boolean =>
  UNSAFE.some(([, from, to]) => unit >= from && unit <= to);
const unsafeIn = (text: string): string[] =>
  Array.from(text, (c) => c.charCodeAt(0))
    .filter(isUnsafe)
    .map((unit) => `U+${unit.toString(16)}`);
const everyUnit = Array.from({ length: 0x10000 }, (_, unit) => unit);

describe.each([
  ['escapeText', escapeText],
  ['quoteJson', quoteJson],
])('%s', (_name, write) => {
  it.each(UNSAFE)('lets no character of %s through', (_range, from, to) => {
    for (let unit = from; unit <= to; unit++) {
      const character = String.fromCharCode(unit);
      expect(unsafeIn(write(character))).toEqual([]);
      expect(unsafeIn(write(`a${character}${character}b`))).toEqual([]);
    }
  });

  it('escapes nothing that people read', () => {
    const readable = 'Grüße, 日本語, עברית, العربية, 🙂👩‍👩‍👧, ½ € § ~ !';
    expect(write(readable)).toContain(readable);
  });

  it.each([
    ['\n', '\\n'],
    ['\r', '\\r'],
    ['\t', '\\t'],
    ['\0', '\\u0000'],
    ['\u001b[2J', '\\u001b[2J'],
    ['\u007f', '\\u007f'],
    ['\u0085', '\\u0085'],
    ['\u009b31m', '\\u009b31m'],
    ['\u2028', '\\u2028'],
    ['\u202e', '\\u202e'],
  ])('writes %j as %s', (text, expected) => {
    expect(write(`a${text}b`)).toContain(`a${expected}b`);
  });

  it('lets nothing unsafe through in any text', () => {
    const unit = fc.oneof(fc.constantFrom(...everyUnit.filter(isUnsafe)), fc.nat(0xffff));
    fc.assert(
      fc.property(fc.array(unit), (units) => {
        expect(unsafeIn(write(String.fromCharCode(...units)))).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('escapeText', () => {
  it('changes unsafe characters alone', () => {
    const changed = everyUnit.filter((unit) => {
      const character = String.fromCharCode(unit);
      return escapeText(character) !== character;
    });
    expect(changed).toEqual(everyUnit.filter(isUnsafe));
  });
});

describe('quoteJson', () => {
  it('writes JSON that says the same, for each UTF-16 code unit', () => {
    const wrong = everyUnit.filter((unit) => {
      const text = `a${String.fromCharCode(unit)}b`;
      return JSON.parse(quoteJson(text)) !== text;
    });
    expect(wrong).toEqual([]);
  });

  it('writes what JSON.stringify writes when nothing is unsafe', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        if (unsafeIn(text).length === 0) expect(quoteJson(text)).toBe(JSON.stringify(text));
        expect(JSON.parse(quoteJson(text))).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });

  it('says the same of any text', () => {
    const unit = fc.oneof(fc.constantFrom(0x22, 0x5c, 0x0a, 0xd83d, 0x2028), fc.nat(0xffff));
    fc.assert(
      fc.property(fc.array(unit), (units) => {
        const text = String.fromCharCode(...units);
        expect(JSON.parse(quoteJson(text))).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });
});
