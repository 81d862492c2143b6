import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { withoutCredentials } from '../../src/records/credentials-in-text.js';
import { shownQuery, shownUserAgent } from '../../src/records/explained-request.js';
import { DEFAULT_REDACTION } from '../../src/records/redaction.js';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const BASE64 = `${LETTERS}${LETTERS.toUpperCase()}0123456789`;
const text = (alphabet: string, minLength: number, maxLength = minLength): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength, maxLength });

/** A secret, whose text must be nowhere on the line. */
const SECRETS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  jwt: text(BASE64, 20).map((part) => `eyJhbGci${part}.eyJzdWIi${part}.${part}`),
  'AWS key id': text('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16).map((part) => `AKIA${part}`),
  'Google key': text(BASE64, 35).map((part) => `AIza${part}`),
  'Google token': text(BASE64, 30).map((part) => `ya29.${part}`),
  GitHub: text(BASE64, 36).map((part) => `ghp_${part}`),
  Slack: text(BASE64, 24).map((part) => `xoxb-1234567890-${part}`),
  Stripe: text(BASE64, 24).map((part) => `sk_live_${part}`),
  npm: text(BASE64, 36).map((part) => `npm_${part}`),
  'long hex': text('0123456789abcdef', 32, 64),
  'URL-safe base64': text(`${BASE64}-_`, 43, 120),
  mail: text(LETTERS, 5, 9).map((name) => `${name}@shop.example`),
  'mail of another script': text('äöüßéñ日本語', 3, 6).map((name) => `${name}@例え.テスト`),
  'connection string': text(BASE64, 9).map((part) => `postgres://app:${part}@db.internal/orders`),
  'signed URL': text(BASE64, 44).map((part) => `https://b.example/f?se=2026&sig=${part}%3D`),
  'URL with a code': text(LETTERS, 8).map((part) => `https://shop.example/back?code=${part}&x=1`),
};
/** Names whose values are secrets, however short and plain they are. */
const NAMES = [
  ...['code', 'state', 'id_token', 'access_token', 'sig', 'X-Amz-Signature', 'X-Amz-Credential'],
  ...[
    'X-Amz-Security-Token',
    'password',
    'a[b][token]',
    'a.b.apiKey',
    'filter[0][secret]',
    'email',
  ],
  ...[
    'PASSWORD',
    'pass%77ord',
    'api%5Fkey',
    'x%2Dapi%2Dkey',
    'client_secret',
    'otp',
    'SAMLResponse',
  ],
];
const SESSION_NAMES = [
  ...['session_id', 'sessionId', 'SESSION-ID', 'session%5Fid', 'Session.Id', 'a[session_id]'],
  ...['X-Session-ID', 'JSESSIONID', 'PHPSESSID', 'connect.sid', 'sid'],
];
const shown = (query: string): string =>
  JSON.stringify(shownQuery(`/x?${query}`, DEFAULT_REDACTION) ?? {});

describe.each(Object.entries(SECRETS))('a secret in a query: %s', (_name, secrets) => {
  it('is not shown, wherever and however it is written', () => {
    const encodings = fc.constantFrom<(value: string) => string>(
      (value) => value.replace(/[&#+%]/g, encodeURIComponent),
      encodeURIComponent,
      (value) => encodeURIComponent(encodeURIComponent(value)),
      (value) =>
        Buffer.from(value).reduce(
          (all, byte) => `${all}%${byte.toString(16).padStart(2, '0')}`,
          '',
        ),
    );
    const places = fc.constantFrom<(value: string) => string>(
      (value) => `q=${value}`,
      (value) => `q=1&q=${value}&q=2`,
      (value) => `a[b][]=${value}`,
      (value) => `a=1;q=${value}`,
      (value) => `q=%zz${value}`,
      (value) => `referer=https://h.example/p?next=${value}`,
      (value) => value,
    );
    fc.assert(
      fc.property(secrets, encodings, places, (secret, encode, place) => {
        const line = shown(place(encode(secret)));
        expect(line).not.toContain(secret.slice(-12));
        expect(line).not.toContain(JSON.stringify(secret).slice(1, -1));
        expect(line).not.toContain(encode(secret));
      }),
      { numRuns: 150 },
    );
  });
});

it.each(NAMES)('the value of %s is never shown', (name) => {
  expect(shown(`page=3&${name}=canary`)).not.toContain('canary');
  expect(shown(`page=3&${name}[]=canary&${name}=canary`)).not.toContain('canary');
});

it.each(SESSION_NAMES)('%s is left out', (name) => {
  expect(shown(`page=3&${name}=canary`)).toBe('{"page":"3"}');
});

it('has limits: of parameters, of each value, and of time', () => {
  const many = Array.from({ length: 10_000 }, (_, i) => `p${i}=v`).join('&');
  const before = process.cpuUsage();
  const query = shownQuery(`/x?${many}`, DEFAULT_REDACTION)!;
  expect(process.cpuUsage(before).user).toBeLessThan(200_000);
  expect(Object.keys(query)).toHaveLength(33);
  for (const value of ['a b '.repeat(99), '%ff'.repeat(999), 'ä '.repeat(300)]) {
    expect(shown(`q=${value}`).length).toBeLessThanOrEqual('{"q":""}'.length + 256);
  }
});

it.each([
  'postgres://user:canary@db/x',
  'mongodb+srv://u:can%40ary-canary@h/d',
  'see https://alice:canary@h.example/p?token=canary now',
  'Authorization: Bearer canary0123456789',
  'password=canary',
  '{"password":"canary"}',
])('a message and a user agent do not show the secret in %j', (secret) => {
  expect(withoutCredentials(`connect failed: ${secret}`)).not.toContain('canary');
  expect(shownUserAgent(`bot/1 (${secret})`)).not.toContain('canary');
});
