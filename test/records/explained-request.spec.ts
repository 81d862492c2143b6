import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { shownQuery, shownUserAgent } from '../../src/records/explained-request.js';
import { DEFAULT_REDACTION, Redaction } from '../../src/records/redaction.js';

const text = (alphabet: string, length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...alphabet), { minLength: length, maxLength: length })
    .map((characters) => characters.join(''));
const HEX = '0123456789abcdef';
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const SECRETS = fc.oneof(
  text(HEX, 32),
  text(BASE64, 43),
  text(BASE64, 24).map((part) => `eyJ${part}.eyJ${part}.${part}`),
  text(BASE64, 12).map((part) => `Bearer ${part}`),
  text(BASE64, 24).map((part) => `sk_live_${part}`),
  text(BASE64, 36).map((part) => `ghp_${part}`),
  text('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16).map((part) => `AKIA${part}`),
  text(HEX, 64).map((part) => `https://files.example/a?X-Amz-Signature=${part}`),
  fc.constantFrom(
    'ann.b@shop.example',
    'postgres://app:hunter2@db/orders',
    '4111 1111 1111 1111',
    'DE89 3704 0044 0532 0130 00',
    '{"password":"hunter2"}',
    'https://shop.example/back?code=4/abc',
    '+49 170 1234567',
  ),
);
const encode = encodeURIComponent;

describe('the query of a line that explains itself', () => {
  it('shows no secret, however it is encoded, as a value or as a name', () => {
    fc.assert(
      fc.property(
        SECRETS,
        fc.constantFrom(
          (secret: string) => secret,
          (secret: string) => `see ${secret} now`,
          (secret: string) => `a,"${secret}";b`,
        ),
        fc.constantFrom(
          encode,
          (value: string) => encode(encode(value)),
          (value: string) => encode(value).replaceAll('%20', '+'),
        ),
        fc.boolean(),
        (secret, within, encoded, isName) => {
          const given = encoded(within(secret));
          const query = shownQuery(`/x?${isName ? given : `q=${given}`}&page=2`, DEFAULT_REDACTION);
          expect(query).toEqual(
            isName
              ? expect.objectContaining({ page: '2', '[masked]': expect.anything() })
              : { q: '[masked]', page: '2' },
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each([
    'wireless noise cancelling headphones',
    'created_at:desc',
    '2024-01-15T10:30:15.000Z',
    '8f14e45f-ceea-467f-a8b5-2b1c3d4e5f60',
    'createdAtDescending',
    'iphone-15pro-max-256gb-black',
  ])('shows %s', (value) => {
    expect(shownQuery(`/x?q=${encode(value)}`, DEFAULT_REDACTION)).toEqual({ q: value });
  });

  it('has limits, no prototype, and no session', () => {
    const url = `/x?session_id=a&user[sid]=b&__proto__=1&x=%ff%zz&a[b]=c&a[b]=d&user[pin]=3&${'k=v&'.repeat(99)}#f`;
    const query = shownQuery(url, new Redaction(true, new Set(['pin'])));
    expect(JSON.parse(JSON.stringify(query))).toEqual(
      JSON.parse(
        '{"__proto__":"1","x":"ÿ%zz","a[b]":["c","d"],"user[pin]":"[redacted]","k":["v","v","v","v","v","v","v","v"],"[more]":91}',
      ),
    );
    const long = shownQuery(`/x?q=${'ab '.repeat(500)}`, DEFAULT_REDACTION);
    expect(String(long?.['q'])).toHaveLength(256);
  });

  it('masks what a robot says of itself', () => {
    const agent = shownUserAgent;
    expect(agent('bot/1 (+mailto:ann@x.example)')).toBe('bot/1 ([masked])');
    expect(agent('curl/8.4.0')).toBe('curl/8.4.0');
    expect(agent('x'.repeat(20).concat(' y').repeat(50))?.length).toBe(256);
  });
});
