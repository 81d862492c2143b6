import '../../src/testing/jest.js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject, Param } from '@nestjs/common';
import { stripVTControlCharacters } from 'node:util';
import { Span, TraceContext } from '../../src/index.js';
import { captureLogs, type LogCapture } from '../../src/testing/index.js';
import { tracedApp } from '../support/traced-app.js';

const SQLITE = { 'db.system.name': 'sqlite' };

@Controller()
class OrdersController {
  constructor(@Inject(TraceContext) private readonly trace: TraceContext) {}

  /** One query for the list and one for each of its rows. */
  @Get('orders/:rows')
  @Span('OrdersController.list')
  async list(@Param('rows') rows: string): Promise<number> {
    await this.query('SELECT orders');
    for (let n = 0; n < Number(rows); n++) await this.query('SELECT customers');
    return Number(rows);
  }

  /** The same query below different parents. */
  @Get('twice')
  async twice(): Promise<string> {
    for (const part of ['first', 'second']) {
      await this.trace.span(part, () => this.query('SELECT orders'));
    }
    return 'twice';
  }

  @Get('work/:calls')
  work(@Param('calls') calls: string): string {
    for (let n = 0; n < Number(calls); n++) this.trace.span('PriceService.price', () => n);
    return 'worked';
  }

  private query(name: string): Promise<string> {
    return this.trace.span(name, async () => name, SQLITE);
  }
}

/** What a failed expectation says. */
function failureOf(expectation: () => void): string {
  try {
    expectation();
  } catch (error) {
    return stripVTControlCharacters((error as Error).message);
  }
  throw new Error('it did not fail');
}

let logs: LogCapture;
let get: (path: string, id: string) => Promise<void>;

beforeEach(async () => {
  const { app, send } = await tracedApp('express')
    .of({ controllers: [OrdersController] })
    .start();
  logs = captureLogs(app);
  get = async (path, id) => {
    await send(path, { headers: { 'x-request-id': id } });
    await logs.finished(id);
  };
});

afterEach(() => logs.stop());

describe('toHaveSteps', () => {
  it('finds names and patterns in any order, of a request that has not failed', async () => {
    await get('/orders/2', 'req-1');
    expect(logs).toHaveSteps('req-1', [/^SELECT cust/, 'OrdersController.list', 'SELECT orders']);
    expect(logs).not.toHaveSteps('req-1', ['SELECT']);
    expect(logs).not.toHaveSteps('req-1', ['SELECT orders', 'SELECT prices']);
    expect(logs).toHaveSteps('req-1', []);
  });

  it('bounds their number exactly', async () => {
    await get('/orders/3', 'req-1');
    const name = /^SELECT/;
    expect(logs).toHaveSteps('req-1', [{ name, atMost: 4 }]);
    expect(logs).not.toHaveSteps('req-1', [{ name, atMost: 3 }]);
    expect(logs).toHaveSteps('req-1', [{ name, atLeast: 4 }]);
    expect(logs).not.toHaveSteps('req-1', [{ name, atLeast: 5 }]);
    expect(logs).toHaveSteps('req-1', [{ name: 'INSERT orders', atMost: 0 }]);
    expect(logs).not.toHaveSteps('req-1', [{ name: 'INSERT orders' }]);
  });

  it.each([20, 21, 50])('counts %i equal steps, folded or not', async (count) => {
    await get(`/orders/${count}`, 'req-1');
    const name = 'SELECT customers';
    expect(logs).toHaveSteps('req-1', [{ name, atLeast: count, atMost: count }]);
  });

  it('keeps overlapping requests apart', async () => {
    const counts = Array.from({ length: 30 }, (_, n) => n + 1);
    await Promise.all(counts.map((n) => get(`/orders/${n}`, `req-${n}`)));
    for (const n of counts) {
      const bounds = { atLeast: n, atMost: n };
      expect(logs).toHaveSteps(`req-${n}`, [{ name: 'SELECT customers', ...bounds }]);
    }
  });

  it('shows what the request did', async () => {
    await get('/orders/1', 'req-1');
    const failure = failureOf(() =>
      expect(logs).toHaveSteps('req-1', ['SELECT orders', { name: /SELECT/, atMost: 1 }]),
    );
    expect(failure).toContain('expect(logs).toHaveSteps(requestId, expected)');
    expect(failure).toMatch(/met +"SELECT orders" +at least 1 +found 1/);
    expect(failure).toMatch(/not met +\/SELECT\/ +1 to 1|not met +\/SELECT\/ +exactly 1 +found 2/);
    expect(failure).toMatch(/OrdersController\.list +[\d.]+ ms/);
    expect(failure).toMatch(/ {4}SELECT customers +[\d.]+ ms/);
  });

  it.each([7, {}, { name: 7 }, undefined])('refuses %p as a step', async (step) => {
    await get('/orders/1', 'req-1');
    expect(() => expect(logs).toHaveSteps('req-1', [step as string])).toThrow(TypeError);
  });

  it.each(['toHaveSteps', 'not.toHaveSteps'])('%s asks to wait for a request', (how) => {
    const failure = failureOf(() => {
      if (how === 'toHaveSteps') expect(logs).toHaveSteps('req-1', []);
      else expect(logs).not.toHaveSteps('req-1', ['SELECT orders']);
    });
    expect(failure).toContain('Wait for it: await logs.finished("req-1")');
  });
});

describe('toHaveNoRepeatedSteps', () => {
  it('refuses a query in a loop', async () => {
    await get('/orders/2', 'req-1');
    expect(logs).not.toHaveNoRepeatedSteps('req-1');
    const failure = failureOf(() => expect(logs).toHaveNoRepeatedSteps('req-1'));
    expect(failure).toMatch(/More than 1 below one parent:\n +SELECT customers +2 times/);
  });

  it('accepts single queries, and equal ones below different parents', async () => {
    await get('/orders/1', 'req-1');
    expect(logs).toHaveNoRepeatedSteps('req-1');
    await get('/twice', 'req-2');
    expect(logs).toHaveNoRepeatedSteps('req-2');
  });

  it.each([5, 25])('has a limit of its own: %i', async (rows) => {
    await get(`/orders/${rows}`, 'req-1');
    expect(logs).toHaveNoRepeatedSteps('req-1', { atMost: rows });
    expect(logs).not.toHaveNoRepeatedSteps('req-1', { atMost: rows - 1 });
  });

  it('looks at methods only where it is given their names', async () => {
    await get('/work/3', 'req-1');
    expect(logs).toHaveNoRepeatedSteps('req-1');
    expect(logs).not.toHaveNoRepeatedSteps('req-1', { name: /^PriceService/ });
    expect(logs).toHaveNoRepeatedSteps('req-1', { name: /^PriceService/, atMost: 3 });
  });

  it('fails for a request that has not finished', () => {
    const failure = failureOf(() => expect(logs).toHaveNoRepeatedSteps('req-9'));
    expect(failure).toContain('await logs.finished("req-9")');
  });
});
