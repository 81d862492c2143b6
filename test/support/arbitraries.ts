import * as fc from 'fast-check';

const SURROGATES = { first: 0xd800, count: 0x800 };

/**
 * Any code point that is a character: `fc.string({ unit: codePoint })` makes the same strings as
 * fast-check's unit `'binary'`, without its table of all 1.1 million of them, which takes a second
 * in each file.
 */
export const codePoint: fc.Arbitrary<string> = fc
  .nat({ max: 0x10ffff - SURROGATES.count })
  .map(
    (index) => String.fromCodePoint(index < SURROGATES.first ? index : index + SURROGATES.count),
    indexOf,
  );

/** @throws {Error} if the value cannot have been made, as fast-check requires. */
function indexOf(value: unknown): number {
  if (typeof value !== 'string') throw new Error('not a string');
  const [character, ...more] = value;
  const code = character?.codePointAt(0);
  if (code === undefined || more.length > 0) throw new Error('not one character');
  if (code < SURROGATES.first) return code;
  if (code < SURROGATES.first + SURROGATES.count) throw new Error('half a character');
  return code - SURROGATES.count;
}
