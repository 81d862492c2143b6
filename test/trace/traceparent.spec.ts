import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { formatTraceparent, parseTraceparent } from '../../src/trace/traceparent.js';
import { codePoint } from '../support/arbitraries.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT_ID = 'b7ad6b7169203331';
const ZERO_TRACE = '0'.repeat(32);
const ZERO_PARENT = '0'.repeat(16);

/** A header with some parts replaced. */
function header({
  version = '00',
  traceId = TRACE_ID,
  parentId = PARENT_ID,
  flags = '01',
  rest = '',
} = {}): string {
  return `${version}-${traceId}-${parentId}-${flags}${rest}`;
}

describe('parseTraceparent', () => {
  it('reads the parts', () => {
    expect(parseTraceparent(header())).toEqual({
      traceId: TRACE_ID,
      parentId: PARENT_ID,
      flags: 1,
    });
  });

  it.each([
    ['version 01, as version 00', header({ version: '01' })],
    ['version fe, the last one', header({ version: 'fe' })],
    ['a later version with more parts', header({ version: 'cc', rest: '-and-more' })],
    ['a later version with an empty part', header({ version: '01', rest: '-' })],
    ['a later version with parts in any alphabet', header({ version: '01', rest: '-É=1,!' })],
    ['white space in front', ` \t${header()}`],
    ['white space behind', `${header()}\t `],
    [
      'a trace id with one digit that is not zero',
      header({ traceId: ZERO_TRACE.replace(/0$/, '1') }),
    ],
    ['a parent id with one digit that is not zero', header({ parentId: `1${'0'.repeat(15)}` })],
  ])('accepts %s', (_name, value) => {
    expect(parseTraceparent(value)).toMatchObject({ flags: 1 });
  });

  it.each([
    ['no header', undefined],
    ['null', null],
    ['a number', 0],
    ['a list of headers', [header()]],
    ['a String object', new String(header())],
    ['an empty header', ''],
    ['white space alone', ' \t '],
    ['version ff', header({ version: 'ff' })],
    ['version ff with more parts', header({ version: 'ff', rest: '-x' })],
    ['a version of one digit', header({ version: '0' })],
    ['a version of three digits', header({ version: '000' })],
    ['a version that is not hex', header({ version: '0g' })],
    ['an upper-case version', header({ version: 'CC' })],
    ['version 00 with more parts', header({ rest: '-more' })],
    ['version 00 with a dash behind', header({ rest: '-' })],
    ['version 00 with a dot behind', header({ rest: '.' })],
    ['a later version with more, but no dash', header({ version: 'cc', rest: '.more' })],
    ['a later version with longer flags', header({ version: 'cc', flags: '010' })],
    ['a later version cut short', header({ version: 'cc' }).slice(0, -1)],
    ['a trace id of zeros', header({ traceId: ZERO_TRACE })],
    ['a trace id of zeros in a later version', header({ version: '01', traceId: ZERO_TRACE })],
    ['a parent id of zeros', header({ parentId: ZERO_PARENT })],
    ['an upper-case trace id', header({ traceId: TRACE_ID.toUpperCase() })],
    ['an upper-case parent id', header({ parentId: PARENT_ID.toUpperCase() })],
    ['upper-case flags', header({ flags: '0A' })],
    ['a trace id of 31 digits', header({ traceId: TRACE_ID.slice(1) })],
    ['a trace id of 33 digits', header({ traceId: `${TRACE_ID}0` })],
    ['a trace id that is not hex', header({ traceId: TRACE_ID.replace('0', 'g') })],
    ['a parent id of 15 digits', header({ parentId: PARENT_ID.slice(1) })],
    ['a parent id of 17 digits', header({ parentId: `${PARENT_ID}0` })],
    ['flags of one digit', header({ flags: '1' })],
    ['flags of three digits', header({ flags: '001' })],
    ['flags that are not hex', header({ flags: '0x' })],
    ['no flags', header().slice(0, -3)],
    ['underscores for dashes', header().replaceAll('-', '_')],
    ['two headers, as Node joins them', `${header()}, ${header()}`],
    ['the same header twice without a space', `${header()},${header()}`],
    ['quotes around it', `"${header()}"`],
    ['white space inside', header().replace('-', ' -')],
    ['a line break behind', `${header()}\n`],
    ['a no-break space behind', `${header()}\u00a0`],
    ['digits that are not ASCII', header({ traceId: '٣'.repeat(32) })],
  ])('rejects %s', (_name, value) => {
    expect(parseTraceparent(value)).toBeUndefined();
  });

  it('keeps the known flags of all 256 and drops the others', () => {
    for (let bits = 0; bits <= 0xff; bits++) {
      const flags = bits.toString(16).padStart(2, '0');
      expect(parseTraceparent(header({ flags }))?.flags).toBe(bits & 0b11);
    }
  });

  it('takes every version from 00 to fe', () => {
    const versions = Array.from({ length: 0x100 }, (_, v) => v.toString(16).padStart(2, '0'));
    const rejected = versions.filter((version) => !parseTraceparent(header({ version })));
    expect(rejected).toEqual(['ff']);
  });

  it.each([
    ['white space in the middle', `0${' '.repeat(15_000)}0`],
    ['white space in front', `${' '.repeat(15_000)}0`],
    ['a long tail', header({ version: 'cc', rest: `-${'-'.repeat(15_000)}` })],
  ])('is quick on a header as long as Node lets in: %s', (_name, value) => {
    expect(quickest(() => parseTraceparent(value))).toBeLessThan(20);
  });
});

describe('formatTraceparent', () => {
  it.each([
    [0, '00'],
    [1, '01'],
    [2, '02'],
    [3, '03'],
    [0xff, '03'],
    [0x104, '00'],
    [-1, '03'],
  ])('writes flags %i as %s', (flags, expected) => {
    const written = formatTraceparent(TRACE_ID, PARENT_ID, flags);
    expect(written).toBe(`00-${TRACE_ID}-${PARENT_ID}-${expected}`);
    expect(written).toHaveLength(55);
  });
});

describe('properties of traceparent', () => {
  const hex = (length: number) =>
    fc
      .string({
        unit: fc.constantFrom(...Array.from('0123456789abcdef')),
        minLength: length,
        maxLength: length,
      })
      .filter((digits) => !/^0*$/.test(digits));
  const flags = fc.constantFrom(0, 1, 2, 3);
  const written = fc.tuple(hex(32), hex(16), flags).map((parts) => formatTraceparent(...parts));

  it('what is written is read back', () => {
    fc.assert(
      fc.property(hex(32), hex(16), flags, (traceId, parentId, bits) => {
        const parsed = parseTraceparent(formatTraceparent(traceId, parentId, bits));
        expect(parsed).toEqual({ traceId, parentId, flags: bits });
      }),
      { numRuns: 1000 },
    );
  });

  it('any other value is ignored and does not throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: codePoint }), fc.anything()), (value) => {
        expect(parseTraceparent(value)).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });

  it('one changed character is judged by the rules of its place', () => {
    const lowerHex = /[0-9a-f]/;
    fc.assert(
      fc.property(
        written,
        fc.nat(54),
        fc.oneof(fc.string({ unit: codePoint, minLength: 1, maxLength: 1 }), fc.constantFrom('f')),
        (value, at, character) => {
          fc.pre(character.length === 1);
          const changed = value.slice(0, at) + character + value.slice(at + 1);
          const version = changed.slice(0, 2);
          const traceId = changed.slice(3, 35);
          const parentId = changed.slice(36, 52);
          const isDash = at === 2 || at === 35 || at === 52;
          const isLegal = isDash ? character === '-' : lowerHex.test(character);
          const isValid =
            isLegal && version !== 'ff' && !/^0*$/.test(traceId) && !/^0*$/.test(parentId);
          expect(parseTraceparent(changed) !== undefined).toBe(isValid);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

/** Milliseconds of the best of three runs, so that a busy machine does not fail the test. */
function quickest(run: () => unknown): number {
  const times = [1, 2, 3].map(() => {
    const startedAt = performance.now();
    run();
    return performance.now() - startedAt;
  });
  return Math.min(...times);
}
