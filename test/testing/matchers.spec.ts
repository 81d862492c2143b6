import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { stripVTControlCharacters } from 'node:util';
import { TracingLogger } from '../../src/index.js';
import {
  captureLogs,
  tracingMatchers,
  withTrace,
  type LogCapture,
  type TracingMatchers,
} from '../../src/testing/index.js';
import { tracedApp } from '../support/traced-app.js';
import { RefusingController } from './refusing.controller.js';

// What a user of TypeScript and Jest writes.
declare module 'expect' {
  interface Matchers<R> extends TracingMatchers<R> {}
}

expect.extend(tracingMatchers);

/** What a failed expectation says. */
function failureOf(expectation: () => void): string {
  try {
    expectation();
  } catch (error) {
    return stripVTControlCharacters((error as Error).message);
  }
  throw new Error('it did not fail');
}

let app: INestApplication;
let logs: LogCapture;

beforeEach(async () => {
  const traced = await tracedApp('express')
    .of({ controllers: [RefusingController] })
    .start();
  app = traced.app;
  logs = captureLogs(app);
  for (const [id, path] of [
    ['req-001', '/payments/42'],
    ['req-2', '/payments/500'],
  ] as const) {
    await traced.send(path, { headers: { 'x-request-id': id } });
    await logs.finished(id);
  }
});

afterEach(() => logs.stop());

describe('toHaveLogged', () => {
  it('finds a message, whole or by a pattern', () => {
    expect(logs).toHaveLogged('Gateway slow');
    expect(logs).not.toHaveLogged('Gateway');
    expect(logs).toHaveLogged(/^gateway/i);
    expect(logs).not.toHaveLogged(/gateway/);
  });

  it('is not disturbed by the state of a pattern', () => {
    const pattern = /Gateway/g;
    const slow = logs.ofRequest('req-001').filter(({ level }) => level === 'warn');
    for (let time = 0; time < 3; time++) expect(slow).toHaveLogged(pattern);
  });

  it('finds an entry by some of its fields, all of which must be those of one entry', () => {
    expect(logs).toHaveLogged({ level: 'warn', message: 'Gateway slow' });
    expect(logs).toHaveLogged({ level: 'info', message: /^Pa/, amount: 42 });
    expect(logs).not.toHaveLogged({ level: 'info', message: 'Gateway slow' });
    expect(logs).not.toHaveLogged({ message: 'Paying', amount: '42' });
    expect(logs).toHaveLogged({});
  });

  it('takes asymmetric matchers, and parts of what is nested', () => {
    expect(logs).toHaveLogged({ amount: expect.any(Number) });
    expect(logs).not.toHaveLogged({ amount: expect.any(String) });
    const matcherOf = (type: string) => ({
      asymmetricMatch: (value: unknown) => typeof value === type,
    });
    expect(logs).toHaveLogged({ amount: matcherOf('number') });
    expect(logs).not.toHaveLogged({ amount: matcherOf('string') });
    expect(logs).toHaveLogged({ message: expect.stringContaining('slow') });
    expect(logs).toHaveLogged(expect.objectContaining({ level: 'error', context: 'Payments' }));
    expect(logs).toHaveLogged({ error: { name: 'TypeError', message: /funds/ } });
    expect(logs).not.toHaveLogged({ error: { name: 'TypeError', message: 'funds' } });
    expect(logs).toHaveLogged({ tags: ['card', { bank: 'b-1' }] });
    expect(logs).not.toHaveLogged({ tags: ['card'] });
    expect(logs).not.toHaveLogged({ tags: { 0: 'card' } });
    expect(logs).toHaveLogged({ message: 'Paid', amount: undefined });
    expect(logs).not.toHaveLogged({ message: 'Paying', amount: undefined });
  });

  it('looks into what one request wrote', () => {
    expect(logs.ofRequest('req-2')).toHaveLogged({ level: 'error' });
    expect(logs.ofRequest('req-001')).not.toHaveLogged({ level: 'error' });
  });

  it('shows what was logged instead', () => {
    expect(
      failureOf(() => expect(logs).toHaveLogged({ level: 'warn', message: /Bank/, amount: 42 })),
    ).toMatchInlineSnapshot(`
     "expect(logs).toHaveLogged(expected)

     Expected: {"amount": 42, "level": "warn", "message": /Bank/}

     Logged:
       info   req-001  Paying            amount=42
       warn   req-001  Gateway slow
       info   req-001  Paid
       info   req-001  Request finished
       info   req-2    Paying            amount=500
       warn   req-2    Gateway slow
       error  req-2    Charge failed
       error  req-2    Request finished"
    `);
    expect(failureOf(() => expect(logs.ofRequest('req-001')).toHaveLogged('Refunded')))
      .toMatchInlineSnapshot(`
     "expect(logs).toHaveLogged(expected)

     Expected: "Refunded"

     Logged:
       info  req-001  Paying
       warn  req-001  Gateway slow
       info  req-001  Paid
       info  req-001  Request finished"
    `);
  });

  it('shows the entries that should not be there', () => {
    expect(failureOf(() => expect(logs).not.toHaveLogged({ latency_ms: expect.any(Number) })))
      .toMatchInlineSnapshot(`
     "expect(logs).not.toHaveLogged(expected)

     Expected not: {"latency_ms": Any<Number>}

     Logged:
       warn  req-001  Gateway slow  latency_ms=301
       warn  req-2    Gateway slow  latency_ms=301"
    `);
  });

  it('suggests a cause when only access log lines were recorded', () => {
    expect(failureOf(() => expect(logs.finishLines).toHaveLogged('Paid'))).toContain(
      "Nest's own loggers need: app.useLogger(app.get(TracingLogger))",
    );
    expect(failureOf(() => expect([]).toHaveLogged('Paid'))).toMatchInlineSnapshot(`
     "expect(logs).toHaveLogged(expected)

     Expected: "Paid"

     Logged: nothing

     Nest's own loggers need: app.useLogger(app.get(TracingLogger))"
    `);
  });

  it('shows the last twenty, each on one line', () => {
    logs.clear();
    withTrace({ requestId: 'long' }, () => {
      const logger = app.get(TracingLogger);
      for (let number = 1; number <= 25; number++) logger.log(`line ${number}`);
      logger.log(`two\nlines ${'x'.repeat(100)}`);
    });
    const text = failureOf(() => expect(logs).toHaveLogged('none'));
    expect(text).toContain('Logged (the last 20 of 26):');
    const rows = text.slice(text.indexOf('Logged (')).split('\n').slice(1);
    expect(rows).toHaveLength(20);
    expect(rows[0]).toBe('  info  long  line 7');
    expect(rows[19]).toBe(`  info  long  two\\nlines ${'x'.repeat(68)}…`);
  });
});

describe('toHaveLoggedInOrder', () => {
  it('finds entries behind each other, with others between them', () => {
    expect(logs.ofRequest('req-001')).toHaveLoggedInOrder(['Paying', 'Paid']);
    expect(logs).toHaveLoggedInOrder([/^Pay/, { level: 'warn' }, 'Request finished']);
    expect(logs).toHaveLoggedInOrder([]);
    expect(logs.ofRequest('req-001')).not.toHaveLoggedInOrder(['Paid', 'Paying']);
  });

  it('wants an entry for each, not one for two', () => {
    expect(logs).toHaveLoggedInOrder(['Gateway slow', 'Gateway slow']);
    expect(logs).not.toHaveLoggedInOrder(['Gateway slow', 'Gateway slow', 'Gateway slow']);
  });

  it('shows which is missing', () => {
    expect(
      failureOf(() =>
        expect(logs.ofRequest('req-001')).toHaveLoggedInOrder([
          'Paying',
          { level: 'warn', latency_ms: 302 },
          'Paid',
        ]),
      ),
    ).toMatchInlineSnapshot(`
     "expect(logs).toHaveLoggedInOrder(expected)

     Expected in this order:
       found    "Paying"
       missing  {"latency_ms": 302, "level": "warn"}
                "Paid"

     Logged:
       info  req-001  Paying
       warn  req-001  Gateway slow      latency_ms=301
       info  req-001  Paid
       info  req-001  Request finished"
    `);
    expect(
      failureOf(() =>
        expect(logs.ofRequest('req-001')).not.toHaveLoggedInOrder(['Paying', /paid/i]),
      ),
    ).toMatchInlineSnapshot(`
     "expect(logs).not.toHaveLoggedInOrder(expected)

     Expected not in this order:
       found  "Paying"
       found  /paid/i

     Logged:
       info  req-001  Paying
       warn  req-001  Gateway slow
       info  req-001  Paid
       info  req-001  Request finished"
    `);
  });
});

describe('toHaveFinished', () => {
  it('finds the access log line of a request', () => {
    expect(logs).toHaveFinished('req-001');
    expect(logs).toHaveFinished('req-001', { status_code: 200, duration_ms: expect.any(Number) });
    expect(logs).toHaveFinished('req-2', { outcome: 'errored', level: 'error' });
    expect(logs).not.toHaveFinished('req-001', { status_code: 500 });
    expect(logs).not.toHaveFinished('req-3');
    expect(logs.entries).toHaveFinished('req-001', { status_code: 200 });
    expect(logs.ofRequest('req-2')).not.toHaveFinished('req-001');
  });

  it('only looks at access log lines', () => {
    expect(logs).not.toHaveFinished('req-001', { message: 'Paid' });
    expect(logs.entries).not.toHaveFinished('req-001', { message: 'Paid' });
  });

  it('shows how it finished instead', () => {
    expect(
      failureOf(() =>
        expect(logs).toHaveFinished('req-2', { status_code: 200, outcome: 'completed' }),
      ),
    ).toMatchInlineSnapshot(`
     "expect(logs).toHaveFinished(requestId, expected)

     Expected: "req-2" with {"outcome": "completed", "status_code": 200}

     Finished:
       error  req-2  Request finished  status_code=500  outcome="errored""
    `);
    expect(failureOf(() => expect(logs).not.toHaveFinished('req-001', { status_code: 200 })))
      .toMatchInlineSnapshot(`
     "expect(logs).not.toHaveFinished(requestId, expected)

     Expected not: "req-001" with {"status_code": 200}

     Finished:
       info  req-001  Request finished  status_code=200"
    `);
  });

  it('shows what has finished, and what to wait for', () => {
    expect(failureOf(() => expect(logs).toHaveFinished('req-3', { status_code: 200 })))
      .toMatchInlineSnapshot(`
     "expect(logs).toHaveFinished(requestId, expected)

     Expected: "req-3" with {"status_code": 200}

     Finished:
       info   req-001  Request finished  status_code=200
       error  req-2    Request finished  status_code=500

     Wait for it: await logs.finished("req-3")"
    `);
  });
});

describe('the types', () => {
  it('refuse what no entry can be', () => {
    // @ts-expect-error a number is no message
    expect(logs).not.toHaveLogged(42 as number);
    // @ts-expect-error an access log line is found by the id of its request
    expect(logs).not.toHaveFinished();
  });
});
