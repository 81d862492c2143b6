import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Param, type INestApplication } from '@nestjs/common';
// @ts-expect-error It has no types of its own.
import morgan from 'morgan';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { DataSource, EntitySchema, type Logger } from 'typeorm';
import { TraceContext, traceFields } from '../../src/index.js';
import { runWithTrace } from '../../src/context/trace-store.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { openTrace } from '../../src/trace/open-trace.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';

const W3C = '0af7651916cd43dd8448eb211c80319c';
const { policy } = resolveOptions();

function inTrace<T>(fn: () => T, fields: Record<string, unknown> = {}): T {
  const carrier = { traceId: W3C, requestId: 'r-1', sessionId: 's-1' };
  const trace = openTrace(carrier, policy, { transport: 'test', startedAt: 0 });
  for (const [key, value] of Object.entries(fields)) trace.setField(key, value);
  return runWithTrace(trace, fn);
}

describe('traceFields', () => {
  const span = expect.stringMatching(/^[0-9a-f]{16}$/) as unknown;
  const STANDARD = { trace_id: W3C, request_id: 'r-1', session_id: 's-1', span_id: span };

  it('is empty outside a context', () => {
    expect(traceFields()).toEqual({});
    expect(traceFields({ preset: 'ecs' })).toEqual({});
  });

  it('has the ids and the fields of the request, in a new object', () => {
    inTrace(
      () => {
        const fields = traceFields();
        expect(fields).toEqual({ ...STANDARD, user: 'alice' });
        fields['user'] = 'bob';
        expect(traceFields()).toEqual({ ...STANDARD, user: 'alice' });
      },
      { user: 'alice' },
    );
  });

  it('lets no field replace an id, or a prototype', () => {
    const fields = inTrace(traceFields, { trace_id: 'forged', ['__proto__']: { admin: true } });
    expect(fields).toEqual(STANDARD);
    expect(Object.getPrototypeOf(fields)).toBe(Object.prototype);
  });

  it('has the names of a preset', () => {
    inTrace(() => {
      expect(traceFields({ preset: 'ecs' })).toMatchObject({
        'trace.id': W3C,
        'http.request.id': 'r-1',
        'labels.session_id': 's-1',
      });
      expect(traceFields({ preset: 'datadog' })).toMatchObject({ 'dd.trace_id': W3C });
    });
  });
});

/** Keeps the lines that a logger of another kind writes. */
class Lines extends Writable {
  readonly lines: string[] = [];
  override _write(chunk: Buffer, _encoding: string, next: () => void): void {
    this.lines.push(String(chunk).trimEnd());
    next();
  }
}

const IDS = Array.from({ length: 20 }, (_, n) => `r-${n}`);

describe.each(PLATFORMS)('what logs past NestJS, on %s', (platform) => {
  it('has the ids of its own request: pino, and the logger of TypeORM', async () => {
    const output = new Lines();
    const log = pino({ mixin: () => traceFields() }, output);
    const queries: Record<string, unknown>[] = [];
    const ignore = (): void => {};
    const logger: Logger = {
      logQuery: (query) => void queries.push({ query, ...traceFields() }),
      logQueryError: ignore,
      logQuerySlow: ignore,
      logSchemaBuild: ignore,
      logMigration: ignore,
      log: ignore,
    };
    const Order = new EntitySchema<{ id: number }>({
      name: 'orders',
      columns: { id: { type: 'int', primary: true } },
    });
    const source = new DataSource({ type: 'sqljs', entities: [Order], synchronize: true, logger });
    await source.initialize();
    queries.length = 0;

    @Controller()
    class OrdersController {
      constructor(private readonly trace: TraceContext) {}

      @Get('orders/:n')
      async list(@Param('n') n: string): Promise<string> {
        this.trace.set('order', n);
        await sleep(Number(n) % 5);
        await source.getRepository(Order).findBy({ id: Number(n) });
        log.info('listed');
        return n;
      }
    }
    const { send } = await tracedApp(platform)
      .of({ controllers: [OrdersController] })
      .start();
    await Promise.all(
      IDS.map((id, n) => send(`/orders/${n}`, { headers: { 'x-request-id': id } })),
    );
    await source.destroy();

    const expected = IDS.map((id, n) => `${id} ${n}`).toSorted();
    const idsOf = (entries: readonly Record<string, unknown>[]): unknown =>
      entries.map(({ request_id: id, order }) => `${String(id)} ${String(order)}`).toSorted();
    expect(idsOf(output.lines.map((line) => JSON.parse(line) as Record<string, unknown>))).toEqual(
      expected,
    );
    expect(idsOf(queries.filter(({ query }) => String(query).startsWith('SELECT')))).toEqual(
      expected,
    );
  });
});

describe('morgan', () => {
  it('has the ids of its own request in a token', async () => {
    const output = new Lines();
    morgan.token('request-id', () => String(traceFields()['request_id']));
    const useMorgan = (app: INestApplication): void => {
      app.use(morgan(':request-id :url', { stream: output }));
    };

    @Controller()
    class OrdersController {
      @Get('orders/:n')
      async list(@Param('n') n: string): Promise<string> {
        await sleep(Number(n) % 5);
        return n;
      }
    }
    const { send, sink } = await tracedApp('express')
      .of({ controllers: [OrdersController] })
      .prepared(useMorgan)
      .start();
    await Promise.all(
      IDS.map((id, n) => send(`/orders/${n}`, { headers: { 'x-request-id': id } })),
    );
    await sink.finishes(IDS.length);
    expect(output.lines.toSorted()).toEqual(IDS.map((id, n) => `${id} /orders/${n}`).toSorted());
  });
});
