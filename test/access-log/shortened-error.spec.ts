import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { shortenedError } from '../../src/access-log/shortened-error.js';
import { errorText } from '../../src/records/error-text.js';
import { jsonValue } from '../../src/records/json-value.js';

class PaymentError extends Error {
  override readonly name = 'PaymentError';
  readonly code = 'E_PAY';
}

const frames = (...lines: string[]): string => lines.map((line) => `\n    at ${line}`).join('');
const withStack = <E extends Error>(error: E, stack: string): E =>
  Object.assign(error, { stack: `${error.name}: ${error.message}${stack}` });

const PAY = 'async Orders.pay (/srv/app/dist/orders.js:9:5)';
const CHARGE = 'async Payments.charge (/srv/app/dist/payments.js:31:7)';
const QUERY = 'Pool.query (/srv/app/node_modules/pg-pool/index.js:45:11)';
const CLIENT = 'Client.query (/srv/app/node_modules/pg/lib/client.js:1:2)';
const LAYER = 'Layer.handle (/srv/app/node_modules/router/lib/layer.js:152:17)';
const ROUTER = 'async /srv/app/node_modules/@nestjs/core/router/router-proxy.js:9:17';
const TASKS = 'process.processTicksAndRejections (node:internal/process/task_queues:95:5)';
const ASYNC = 'AsyncResource.runInAsyncScope (node:async_hooks:206:9)';

/** A failed payment and what it was caused by. */
function failedPayment(): PaymentError {
  const cause = withStack(
    new Error('timeout'),
    frames(
      CLIENT,
      QUERY,
      ASYNC,
      'Payments.save (/srv/app/dist/payments.js:40:3)',
      CHARGE,
      TASKS,
      PAY,
      ROUTER,
    ),
  );
  return withStack(
    new PaymentError('not paid', { cause }),
    frames('Payments.charge (/srv/app/dist/payments.js:33:13)', TASKS, ROUTER, PAY, LAYER, ROUTER),
  );
}

const stacksOf = (error: Error): string[] => {
  const stacks: string[] = [];
  for (let one: unknown = error; one instanceof Error; one = one.cause) stacks.push(one.stack!);
  return stacks;
};
const sizeOf = (error: Error): number => Buffer.byteLength(jsonValue(error)!);

describe('an error on the access log line', () => {
  it('is what was thrown where it fits', () => {
    const error = failedPayment();
    expect(shortenedError(error, 4096).error).toBe(error);
  });

  it('loses what is outside of the application first', () => {
    const error = failedPayment();
    const { bytes } = shortenedError(error, 4096);
    expect(stacksOf(shortenedError(error, bytes - 1).error)).toEqual([
      `PaymentError: not paid${frames('Payments.charge (/srv/app/dist/payments.js:33:13)', ROUTER, PAY)}
    ... 2 more frames ...`,
      `Error: timeout${frames(CLIENT, QUERY, ASYNC, 'Payments.save (/srv/app/dist/payments.js:40:3)', CHARGE, PAY)}
    ... 1 more frame ...`,
    ]);
  });

  it('loses the frames of packages and those that the error around has, but none of the application', () => {
    const [outer, cause] = stacksOf(shortenedError(failedPayment(), 0).error);
    expect(outer).toBe(
      `PaymentError: not paid${frames('Payments.charge (/srv/app/dist/payments.js:33:13)')}
    ... 1 more frame ...${frames(PAY)}
    ... 2 more frames ...`,
    );
    expect(cause).toBe(
      `Error: timeout${frames(CLIENT, QUERY)}
    ... 1 more frame ...${frames('Payments.save (/srv/app/dist/payments.js:40:3)', CHARGE)}
    ... 2 more frames ...`,
    );
  });

  it('is of the same class, with its fields, and itself unchanged', () => {
    const error = failedPayment();
    const before = stacksOf(error);
    const shortened = shortenedError(error, 0).error;
    expect(shortened).toBeInstanceOf(PaymentError);
    expect(JSON.parse(jsonValue(shortened)!)).toMatchObject({
      name: 'PaymentError',
      message: 'not paid',
      code: 'E_PAY',
      cause: { name: 'Error', message: 'timeout' },
    });
    expect(errorText(shortened)).toContain('code=E_PAY');
    expect(stacksOf(error)).toEqual(before);
  });

  it('keeps the innermost three frames where none is of the application', () => {
    const error = withStack(new Error('reset'), frames(CLIENT, QUERY, ASYNC, LAYER, ROUTER));
    expect(shortenedError(error, 0).error.stack).toBe(
      `Error: reset${frames(CLIENT, QUERY, ASYNC)}\n    ... 2 more frames ...`,
    );
  });

  it('keeps lines of a message that look like frames', () => {
    const error = withStack(new Error(`bad\n    at ${ROUTER}\nend`), frames(PAY, ROUTER, LAYER));
    expect(shortenedError(error, 0).error.stack).toBe(
      `Error: bad\n    at ${ROUTER}\nend${frames(PAY)}\n    ... 2 more frames ...`,
    );
  });

  it.each<[string, () => Error]>([
    [
      'that is its own cause',
      () => {
        const error = failedPayment();
        error.cause = error;
        return error;
      },
    ],
    [
      'with hundreds of errors',
      () =>
        new AggregateError(
          Array.from({ length: 300 }, () => failedPayment()),
          'all',
        ),
    ],
    ['without a stack', () => Object.assign(new Error('none'), { stack: undefined })],
    ['with a stack that is no text', () => Object.assign(new Error('none'), { stack: 7 })],
    ['that is frozen', () => Object.freeze(failedPayment())],
    [
      'whose stack throws',
      () =>
        Object.defineProperty(new Error('bad'), 'stack', {
          get() {
            throw new Error('no stack');
          },
        }),
    ],
    [
      'whose message needs the error itself',
      () =>
        new (class Hidden extends Error {
          readonly #reason = 'x'.repeat(10);
          override get message(): string {
            return this.#reason;
          }
        })(),
    ],
    [
      'of another realm',
      () =>
        runInNewContext(
          "Object.assign(new TypeError('fetch failed', { cause: new Error('bad port') }), { code: 'E' })",
        ) as Error,
    ],
  ])('is written where it is one %s', (_name, make) => {
    const error = make();
    const shortened = shortenedError(error, 0).error;
    const { stack: _, cause, ...own } = JSON.parse(jsonValue(error)!) as Error;
    const written = JSON.parse(jsonValue(shortened)!) as Error;
    expect(written).toMatchObject({ name: own.name, message: own.message });
    expect(Object.keys(written)).toEqual(expect.arrayContaining(Object.keys(own)));
    expect(typeof written.cause).toBe(typeof cause);
    expect(sizeOf(shortened)).toBeLessThanOrEqual(sizeOf(error));
  });
});
