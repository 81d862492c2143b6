import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  addressText,
  LEVELS,
  permalinkOf,
  readAddress,
  VIEWS,
  type Address,
} from '../../../src/viewer/page/model/address.js';
import { STATUSES } from '../../../src/viewer/search/filter.js';

const EMPTY: Address = {
  view: 'requests',
  filter: {
    text: '',
    level: undefined,
    session: undefined,
    status: undefined,
    slowerThanMs: undefined,
    service: undefined,
  },
  sort: undefined,
  hasOutside: false,
  request: undefined,
  line: undefined,
};

const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });
const value = (maxLength: number) => fc.string({ minLength: 1, maxLength, unit: 'grapheme' });
const ADDRESSES: fc.Arbitrary<Address> = fc.record({
  view: fc.constantFrom(...VIEWS),
  filter: fc.record({
    text: value(60).map((text) => text.trim()),
    level: optional(fc.constantFrom(...LEVELS)),
    session: optional(value(40)),
    status: optional(fc.constantFrom(...STATUSES)),
    slowerThanMs: optional(fc.double({ min: 0, max: 1e9, noNaN: true }).map(Math.abs)),
    service: optional(value(40)),
  }),
  sort: optional(value(20)),
  hasOutside: fc.boolean(),
  request: optional(value(20)),
  line: optional(value(20)),
});

describe('the address of the page', () => {
  it('says everything that it shows, and is empty for what it shows at first', () => {
    expect(readAddress('')).toEqual(EMPTY);
    expect(addressText(EMPTY)).toBe('');
    const address =
      '#view=routes&search=req-004+ERROR&level=warn&sort=p95&request=00f067aa0ba902b7';
    expect(readAddress(address)).toEqual({
      ...EMPTY,
      view: 'routes',
      filter: { ...EMPTY.filter, text: 'req-004 ERROR', level: 'warn' },
      sort: 'p95',
      request: '00f067aa0ba902b7',
    });
    expect(addressText(readAddress(address))).toBe(address);
    expect(readAddress(permalinkOf('00f067aa0ba902b7'))).toEqual({
      ...EMPTY,
      request: '00f067aa0ba902b7',
    });
  });

  it('is read as it was written', () => {
    fc.assert(
      fc.property(ADDRESSES, (address) => {
        expect(readAddress(addressText(address))).toEqual(address);
      }),
    );
  });

  it.each([
    '#view=__proto__&level=constructor&status=toString&outside=1&slower=-1',
    '#slower=NaN&view=&search=',
    '#slower=Infinity',
    `#search=${'a'.repeat(2001)}`,
    `#session=${'a'.repeat(513)}&service=${'a'.repeat(513)}&request=${'a'.repeat(513)}`,
    `#search=a&${'x'.repeat(50_000)}`,
    '#__proto__=1&constructor=2',
    '#%',
  ])('leaves out what it does not understand, and what is too long: %.60s', (hash) => {
    expect(readAddress(hash)).toEqual(EMPTY);
  });

  it('takes as much as it may', () => {
    expect(readAddress(`#search=${'a'.repeat(2000)}`).filter.text).toHaveLength(2000);
    expect(readAddress(`#request=${'a'.repeat(512)}`).request).toHaveLength(512);
    const text = '…'.repeat(2000);
    expect(readAddress(addressText({ ...EMPTY, filter: { text } })).filter.text).toBe(text);
  });
});
