import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject, Logger, Param, Query } from '@nestjs/common';
import { drizzle } from 'drizzle-orm/node-postgres';
import { sql } from 'drizzle-orm';
import knex from 'knex';
import { AsyncLocalStorage } from 'node:async_hooks';
import { Client, Pool, Query as PgQuery, type ClientConfig, type QueryConfig } from 'pg';
import QueryStream from 'pg-query-stream';
import { Sequelize } from 'sequelize';
import { DataSource } from 'typeorm';
import { recordSpans } from '../support/recorded-spans.js';
import { PLATFORMS, tracedApp, type TracedApp } from '../support/traced-app.js';
import { accessTo } from './servers/access.js';

const postgres = accessTo('postgres');
const { hostname: host, port, username } = new URL(postgres.url || 'postgres://127.0.0.1');
const config = {
  host,
  port: Number(port || 5432),
  user: username || 'postgres',
  database: 'postgres',
};
const REQUESTS = 200;
const CONNECTIONS = 2;
/** An application's own storage. */
const own = new AsyncLocalStorage<string>();
const spans = recordSpans();

type Case = () => unknown;
const cases = new Map<string, Case>();
const POOL = Symbol('pool');

@Controller()
class Cases {
  private readonly logger = new Logger(Cases.name);

  constructor(@Inject(POOL) private readonly pool: Pool) {}

  @Get('case/:name')
  async run(@Param('name') name: string): Promise<unknown> {
    return { result: await own.run(name, () => cases.get(name)!()) };
  }

  /** As many queries as the request has asked for, in every way in which a pool is used. */
  @Get('queries')
  async queries(@Query('n') n: string): Promise<void> {
    const note = (): void => this.logger.log(`request ${n} store ${own.getStore()}`);
    await own.run(n, () =>
      Promise.all(Array.from({ length: 1 + (Number(n) % 5) }, (_, i) => this.query(i, note))),
    );
  }

  private async query(index: number, note: () => void): Promise<void> {
    const text = 'SELECT pg_sleep(0.001)';
    const called = (run: (callback: (error: unknown) => void) => void): Promise<void> =>
      new Promise((resolve, reject) =>
        run((error) => {
          note();
          if (error) reject(error as Error);
          else resolve();
        }),
      );
    if (index === 0) await called((callback) => this.pool.query(text, callback));
    else if (index === 1) await this.pool.query(text);
    else if (index === 2) {
      await called((callback) =>
        this.pool.connect((error, client, done) => {
          note();
          if (error || client === undefined) return callback(error);
          client.query(text, (failure) => {
            done();
            callback(failure);
          });
        }),
      );
    } else {
      const client = await this.pool.connect();
      if (index === 3) await client.query({ text, name: 'sleep' });
      else await called((callback) => client.query({ text, callback } as QueryConfig, callback));
      client.release();
    }
    note();
  }
}

postgres.describe('PostgreSQL', () => {
  let pool: Pool;

  beforeAll(() => {
    pool = new Pool({ ...config, max: CONNECTIONS });
  });
  afterAll(() => pool.end());

  const start = (platform: (typeof PLATFORMS)[number]): Promise<TracedApp> =>
    tracedApp(platform)
      .of({ controllers: [Cases], providers: [{ provide: POOL, useValue: pool }] })
      .start();

  describe.each(PLATFORMS)('%s', (platform) => {
    it(`keeps the queries of ${REQUESTS} requests apart on ${CONNECTIONS} connections`, async () => {
      const { send, sink } = await start(platform);
      const statuses = await Promise.all(
        Array.from({ length: REQUESTS }, async (_, n) => (await send(`/queries?n=${n}`)).status),
      );
      expect(new Set(statuses)).toEqual(new Set([200]));
      const finished = await sink.finishes(REQUESTS);
      const numbers = new Map<string, string>();
      for (const line of sink.lines) {
        const [, n, store] = /^request (\d+) store (\S+)$/.exec(line.message) ?? [];
        if (n === undefined) continue;
        expect(store).toBe(n);
        expect(numbers.get(line.trace_id) ?? n).toBe(n);
        numbers.set(line.trace_id, n);
      }
      expect(new Set(numbers.values()).size).toBe(REQUESTS);
      for (const line of finished) {
        const count = 1 + (Number(numbers.get(line.trace_id)) % 5);
        expect(line['db_count']).toBe(count);
        expect(spans.filter(({ traceId }) => traceId === line.trace_id)).toHaveLength(count);
      }
      expect(spans).toHaveLength(REQUESTS * 3);
    }, 60_000);
  });

  /** What a request does, with what it returns, and each of its steps: its error, if it failed. */
  const SHAPES: readonly [name: string, steps: readonly (RegExp | null)[], run: Case, unknown?][] =
    [
      ['a text', [null], async () => (await pool.query('SELECT 1 AS a')).rows, [{ a: 1 }]],
      [
        'values',
        [null],
        async () => (await pool.query('SELECT $1::int AS a', [2])).rows,
        [{ a: 2 }],
      ],
      [
        'rows as arrays',
        [null],
        async () => (await pool.query({ text: 'SELECT 3', rowMode: 'array' })).rows,
        [[3]],
      ],
      [
        'a prepared statement, and its name alone',
        [null, null],
        async () => {
          const client = await pool.connect();
          await client.query({ name: 'four', text: 'SELECT $1::int AS a', values: [3] });
          const { rows } = await client.query({
            name: 'four',
            values: [4],
          } as unknown as QueryConfig);
          client.release();
          return rows as unknown;
        },
        [{ a: 4 }],
      ],
      [
        'a transaction that fails',
        [null, /"nowhere" does not exist/, null],
        async () => {
          const client = await pool.connect();
          await client.query('BEGIN');
          const failed = await client.query('SELECT * FROM nowhere').catch((error: Error) => error);
          await client.query('ROLLBACK');
          client.release();
          return (failed as Error).stack!.includes('postgres.broker');
        },
        true,
      ],
      [
        'a query object, whose events come in the context of its caller',
        [null],
        async () => {
          const client = await pool.connect();
          const query = client.query(new PgQuery('SELECT 5'));
          const seen: unknown[] = [];
          query.on('row', () => seen.push(own.getStore()));
          await new Promise<void>((resolve) =>
            query.on('end', () => {
              seen.push(own.getStore());
              resolve();
            }),
          );
          client.release();
          return new Set(seen).size === 1 && seen[0] !== undefined && seen.length === 2;
        },
        true,
      ],
      [
        'a stream that is read to its end',
        [null],
        async () => {
          const client = await pool.connect();
          let rows = 0;
          const stream = client.query(new QueryStream('SELECT * FROM generate_series(1, 500)'));
          for await (const _ of stream) rows++;
          client.release();
          return rows;
        },
        500,
      ],
      [
        'a stream that is not read to its end',
        [null],
        async () => {
          const client = await pool.connect();
          const stream = client.query(new QueryStream('SELECT * FROM generate_series(1, 500)'));
          for await (const _ of stream) break;
          client.release();
        },
      ],
      [
        'a query that times out',
        [/timeout/],
        async () => {
          const client = new Client({ ...config, query_timeout: 20 });
          await client.connect();
          const error = await client.query('SELECT pg_sleep(0.1)').catch((cause: Error) => cause);
          await client.end();
          return (error as Error).message;
        },
        'Query read timeout',
      ],
      [
        'no server',
        [/ECONNREFUSED/, /ECONNREFUSED/],
        async () => {
          const closed = new Pool({ ...config, port: 1 });
          await closed.query('SELECT 1').catch(() => {});
          await closed.connect().catch(() => {});
          await closed.end();
        },
      ],
      [
        'no connection in time',
        [/timeout exceeded/],
        async () => {
          const small = new Pool({ ...config, max: 1, connectionTimeoutMillis: 1000 });
          const client = await small.connect();
          await small.query('SELECT 1').catch(() => {});
          client.release();
          await small.end();
        },
      ],
      [
        'a client that is closed',
        [/not queryable/],
        async () => {
          const client = new Client(config);
          await client.connect();
          await client.end();
          await client.query('SELECT 1').catch(() => {});
        },
      ],
      [
        'a pipeline',
        [null, /"nowhere"/],
        async () => {
          const client = new Client({ ...config, pipeline: true } as ClientConfig);
          await client.connect();
          await Promise.allSettled([
            client.query('SELECT 1'),
            client.query('SELECT * FROM nowhere'),
          ]);
          await client.end();
        },
      ],
      [
        'TypeORM',
        [null, null, null, null, null],
        async () => {
          const source = new DataSource({ type: 'postgres', ...config, username: config.user });
          await source.initialize();
          await source.transaction((manager) => manager.query('SELECT 1'));
          await source.destroy();
        },
      ],
      [
        'Knex',
        [null, null],
        async () => {
          const db = knex({ client: 'pg', connection: config });
          const rows: unknown = await db.select(db.raw('1 AS a'));
          await db.destroy();
          return rows;
        },
        [{ a: 1 }],
      ],
      [
        'Drizzle',
        [null, null, null],
        async () => {
          const db = drizzle({ client: pool });
          return await db.transaction(async (tx) => (await tx.execute(sql`SELECT 1 AS a`)).rows);
        },
        [{ a: 1 }],
      ],
      [
        'Sequelize',
        [null, null, null, null],
        async () => {
          const db = new Sequelize({
            dialect: 'postgres',
            ...config,
            username: config.user,
            logging: false,
          });
          const [rows] = await db.query('SELECT 1 AS a');
          await db.close();
          return rows;
        },
        [{ a: 1 }],
      ],
      [
        'what follows the end of a client',
        [null, null],
        async () => {
          const client = new Client(config);
          await client.connect();
          await client.query('SELECT 1 AS a');
          return new Promise((resolve, reject) => {
            client.end(() => {
              pool.query('SELECT 2 AS a').then(({ rows }) => resolve(rows), reject);
            });
          });
        },
        [{ a: 2 }],
      ],
    ];

  describe('the steps of', () => {
    it.each(SHAPES.map(([name]) => name))('%s', async (name) => {
      const [, steps, run, result] = SHAPES.find(([other]) => other === name)!;
      cases.set(name, run);
      const { send, sink } = await start('express');
      const response = await send(`/case/${encodeURIComponent(name)}`);
      expect(await response.json()).toEqual(result === undefined ? {} : { result });
      const [line] = await sink.finishes(1);
      const errors = spans.map(({ span }) => (span.failed ? String(span.error) : null));
      expect({ name, errors }).toEqual({
        name,
        errors: steps.map((step) => (step === null ? null : expect.stringMatching(step))),
      });
      expect(line!['db_count']).toBe(steps.length);
      expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([line!.trace_id]));
      for (const { span } of spans) expect(span.attributes?.['db.system.name']).toBe('postgresql');
    });
  });

  it('records nothing outside of a request', async () => {
    await start('express');
    const { rows } = await pool.query('SELECT 6 AS a');
    expect(rows).toEqual([{ a: 6 }]);
    expect(spans).toEqual([]);
  });
});
