import { expect, it } from '@jest/globals';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorId } from '../../src/access-log/error-id.js';
import { explainedError } from '../../src/access-log/explanation.js';

/** An error as thrown by an application that is installed in a folder of its own. */
function errorIn(folder: string, line: number, type = 'TypeError', method = 'Orders.pay'): Error {
  const error = Object.assign(new Error('x'), { name: type });
  error.stack = `${type}: x\n    at ${method} (${folder}/orders.js:${line}:7)\n    at node:internal/x:1:1`;
  return error;
}

it('an error id is the same in every folder and after lines have moved, and tells faults apart', () => {
  const folders = ['a-', 'b-'].map((name) => {
    const folder = mkdtempSync(join(tmpdir(), name));
    writeFileSync(join(folder, 'package.json'), '{"name":"shop"}');
    return folder;
  });
  const idOf = (error: unknown): string => errorId(error, undefined);
  const id = idOf(errorIn(`${folders[0]}/src`, 3));
  expect(idOf(errorIn(`${folders[1]}/src`, 3))).toBe(id);
  expect(idOf(errorIn(`${folders[1]}/dist`, 90))).toBe(id);
  expect(idOf(errorIn(`${folders[0]}/src`, 3, 'RangeError'))).not.toBe(id);
  expect(idOf(errorIn(`${folders[0]}/src`, 3, 'TypeError', 'Orders.book'))).not.toBe(id);
});

it('an error id tells apart what an error that names no cause was thrown for', () => {
  const refused = errorIn('/app', 3, 'UnauthorizedException');
  const idOf = (name: string): string => errorId(refused, undefined, { name, message: 'jwt' });

  expect(idOf('TokenExpiredError')).toBe(idOf('TokenExpiredError'));
  expect(idOf('TokenExpiredError')).not.toBe(idOf('JsonWebTokenError'));
  expect(errorId(refused, undefined)).not.toBe(idOf('JsonWebTokenError'));
});

it.each<[string, () => unknown]>([
  ['a text', () => 'text'],
  ['a frozen object', () => Object.freeze({ message: 'm' })],
  [
    'a revoked proxy',
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    },
  ],
  [
    'a proxy that throws',
    () =>
      new Proxy(
        {},
        {
          get() {
            throw new Error('trap');
          },
        },
      ),
  ],
  [
    'a proxy of an error that throws',
    () =>
      new Proxy(new Error('x'), {
        get() {
          throw new Error('trap');
        },
        has() {
          throw new Error('trap');
        },
      }),
  ],
  [
    'a cyclic cause',
    () => {
      const error = new Error('x');
      error.cause = error;
      return error;
    },
  ],
  [
    '10,000 causes',
    () => {
      let error = new Error('0');
      for (let i = 0; i < 10_000; i++) error = new Error('x', { cause: error });
      return error;
    },
  ],
  ['many errors', () => new AggregateError([new Error('a'), 'b', null], 'all')],
  ['a huge message', () => new Error('x'.repeat(5_000_000))],
])('what was thrown may be %s', (_what, make) => {
  const { error, error_id } = explainedError(
    { error: make(), before: undefined, isLate: false },
    'Orders.pay',
  );
  expect(error).toBeDefined();
  expect(error_id).toMatch(/^[\da-f]{12}$/);
});
