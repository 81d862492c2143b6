import { describe, expect, it } from '@jest/globals';
import { BadRequestException, HttpException } from '@nestjs/common';
import * as fc from 'fast-check';
import { errorLine } from '../../src/records/error-line.js';

class OutOfStock extends Error {}
const withCode = (message: string, code: unknown): Error =>
  Object.assign(new Error(message), { code });

describe('the line of an error', () => {
  it.each<[string, unknown, string | undefined]>([
    ['nothing', undefined, undefined],
    ['an error', new TypeError('fetch failed'), 'TypeError: fetch failed'],
    ['a class without a name of its own', new OutOfStock('no more'), 'OutOfStock: no more'],
    ['no message', new RangeError(), 'RangeError'],
    ['a text', 'out of stock', 'out of stock'],
    ['null', null, 'null'],
    ['a number', 7, '7'],
    ['what a remote handler has thrown', { status: 'error', message: 'no' }, 'no'],
    ['an object', {}, '[Object]'],
    [
      'a code',
      withCode('other side closed', 'UND_ERR_SOCKET'),
      'Error: other side closed (UND_ERR_SOCKET)',
    ],
    [
      'a code in the message',
      withCode('connect ECONNREFUSED ::1:1', 'ECONNREFUSED'),
      'Error: connect ECONNREFUSED ::1:1',
    ],
    ['a code that is no word', withCode('no', 'a b'), 'Error: no'],
    ['a code of gRPC', withCode('5 NOT_FOUND: no order', 5), 'Error: 5 NOT_FOUND: no order'],
    [
      'a pipe that has refused properties',
      new BadRequestException(['name must be a text', 'age must be a number']),
      'BadRequestException: name must be a text; age must be a number',
    ],
    [
      'a response of its own',
      new HttpException({ code: 'E7', message: 'no such tenant' }, 422),
      'HttpException: no such tenant',
    ],
    ['several lines', new Error('\nInvalid call\n  at x\r\n\t→ y'), 'Error: Invalid call at x → y'],
    [
      'colours and controls',
      new Error('\u001b[31mred\u001b[0m\u0007\u202ebidi'),
      'Error: red bidi',
    ],
    [
      'several errors',
      Object.assign(new AggregateError([new Error('a'), new Error('b'), new Error('a')]), {
        code: 'X1',
      }),
      'AggregateError: a; b (X1)',
    ],
    [
      'a getter that throws',
      Object.defineProperty(new Error('x'), 'message', {
        get: () => {
          throw new Error('no');
        },
      }),
      'Error: [Threw: no]',
    ],
  ])('of %s', (_, error, line) => {
    expect(errorLine(error)).toBe(line);
  });

  it('keeps the start and the end of a long message', () => {
    const line = errorLine(new Error(`begin ${'x'.repeat(500)} end`))!;
    expect(line).toHaveLength(200);
    expect(line).toMatch(/^Error: begin x+…x+ end$/);
  });

  it.each([
    'postgres://alice:CANARY@db:5432/shop is down',
    'redis://:CANARY@cache:6379',
    'GET https://api.example.com/v1?api_key=CANARY&x=1 failed',
    'Authorization: Bearer CANARY123456789',
    '{"user":"bob","password":"CANARY"}',
    "{ password: 'CANARY', user: 'bob' }",
    'sent Basic CANARY123456==',
    'jwt eyJhbGciOiJIUzI1NiJ9.CANARYCANARY.sig is malformed',
    'accessToken = CANARY',
    'secret: CANARY',
    'note: secret: CANARY',
    'failed: token=CANARY',
    'a=b&client_secret=CANARY&c=d',
    'password="CANARY" host=x',
  ])('hides what is a secret by its form: %s', (message) => {
    expect(errorLine(new Error(message))).not.toContain('CANARY');
    expect(errorLine(new Error(message))).toContain('[redacted]');
  });

  it('is one short line, whatever was thrown', () => {
    const proxy = Proxy.revocable({}, {});
    proxy.revoke();
    expect(errorLine(proxy.proxy)).toEqual(expect.any(String));
    fc.assert(
      fc.property(fc.anything(), fc.string({ unit: 'binary', maxLength: 600 }), (value, text) => {
        for (const error of [value, text, new Error(text), { name: text, message: value }]) {
          const line = errorLine(error) ?? '';
          expect(line.length).toBeLessThanOrEqual(200);
          // eslint-disable-next-line no-control-regex -- these are what it must not have.
          expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
        }
      }),
    );
  });
});
