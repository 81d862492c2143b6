import { expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { MAX_JSON_DEPTH, parseJson } from '../../../src/viewer/receiver/json-parser.js';
import { readOtlp } from '../../../src/viewer/receiver/read-otlp.js';
import { atOnce, inSlices } from '../../../src/viewer/receiver/slices.js';
import { attributes, encoded, ENCODINGS, span, tracesOf } from './otlp-bodies.js';

const parse = (text: string, ...keys: string[]): unknown => atOnce(parseJson(text, new Set(keys)));
/** JSON of objects, and of lists of anything but lists. */
const keys = ['a', 'b', '__proto__', 'é"\\'];

it('reads JSON as `JSON.parse` does', () => {
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 6 },
      fc.constantFrom(null, true, false, 0),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string({ unit: 'binary' }),
      tie('object'),
      fc.array(tie('item'), { maxLength: 4 }),
    ),
    item: fc.oneof(fc.string(), fc.integer(), tie('object')),
    object: fc.dictionary(fc.constantFrom('a', 'b', 'é"\\'), tie('value'), { maxKeys: 4 }),
  }));
  fc.assert(
    fc.property(value, fc.constantFrom(undefined, 1, '\t'), (json, space) => {
      const text = JSON.stringify(json, undefined, space);
      expect(JSON.stringify(parse(text, ...keys))).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
});

it.each([
  '',
  ' ',
  '{',
  '[',
  '[1,]',
  '{"a":1,}',
  '{"a"}',
  '{a:1}',
  '01',
  '1.',
  '-',
  'nul',
  'truex',
  '"',
  '"\\"',
  '"\\x"',
  '"\n"',
  '[1}',
  '1 2',
  "'a'",
  '[,]',
  '\u00a01',
  'NaN',
  '+1',
  '[[1]]',
])('refuses %j', (text) => {
  if (text !== '[[1]]') expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  expect(() => parse(text, 'a')).toThrow(SyntaxError);
});

it('keeps the properties that it knows, as they are', () => {
  expect(parse('{"x":[{"a":1}],"a":{"x":1,"a":[{"x":2}]},"toString":1}', 'a')).toEqual({
    a: { a: [{}] },
  });
  expect(Object.getPrototypeOf(parse('{"__proto__":{"a":1}}', 'a'))).toBe(Object.prototype);
});

it('reads as deep as it may, and no deeper', () => {
  const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  expect(() => parse(nested(MAX_JSON_DEPTH), 'a')).not.toThrow();
  expect(() => parse(nested(MAX_JSON_DEPTH + 1), 'a')).toThrow(SyntaxError);
});

it('lets the event loop turn', async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await inSlices(
    (function* () {
      const until = performance.now() + 100;
      while (performance.now() < until) yield;
    })(),
  );
  clearInterval(timer);
  expect(turns).toBeGreaterThan(5);
});

it.each(ENCODINGS)(
  'keeps the event loop busy for a moment only, with 3 MB of attributes in %s',
  async (encoding) => {
    const values = attributes(
      Object.fromEntries(Array.from({ length: 60_000 }, (_, n) => [`req.body.${n}`, `x${n}`])),
    );
    const body = encoded('traces', encoding, tracesOf([span({ attributes: values }), span()]));
    expect(body.length).toBeGreaterThan(1_500_000);
    let longest = 0;
    let last = process.cpuUsage().user;
    const watch = (): void => {
      const now = process.cpuUsage().user;
      longest = Math.max(longest, now - last);
      last = now;
      timer = setImmediate(watch);
    };
    let timer = setImmediate(watch);
    const records = await readOtlp('traces', encoding, body);
    clearImmediate(timer);
    expect(records).toHaveLength(2);
    // Some 10 ms; what is read in one go takes hundreds.
    expect(longest).toBeLessThan(100_000);
  },
);
