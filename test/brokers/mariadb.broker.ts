import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import * as mariadbPromise from 'mariadb';
import * as mariadbCallback from 'mariadb/callback';
import mysql from 'mysql2';
import { active } from '../../src/context/active-trace.js';
import { runWithTrace } from '../../src/context/trace-store.js';
import { mariadb } from '../../src/instrumentation/clients/mariadb.js';
import { mysql2 } from '../../src/instrumentation/clients/mysql2.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { stepsOf } from '../../src/spans/steps.js';
import { openTrace } from '../../src/trace/open-trace.js';
import type { Trace } from '../../src/trace/trace.js';
import { accessTo } from './servers/access.js';

const broker = accessTo('mariadb');
const { hostname: host, port, username } = new URL(broker.url || 'mysql://127.0.0.1');
const user = username || 'root';
const config = {
  host,
  port: Number(port || 3306),
  user,
  connectionLimit: 2,
  database: 'tracing_test',
};

const REQUESTS = 200;
const other = new AsyncLocalStorage<number>();

/** Runs as a request of its own, which also has a storage of its own. */
async function request(number: number, run: () => Promise<unknown>): Promise<Trace> {
  const { policy } = resolveOptions();
  const trace = openTrace({}, policy, { transport: 'test', startedAt: 0 });
  await other.run(number, () => runWithTrace(trace, async () => run()));
  return trace;
}

const namesOf = (trace: Trace): string[] => (stepsOf(trace) ?? []).map(({ name }) => name);

type NodeCallback = (error: unknown, result?: unknown, meta?: unknown) => void;
/** Promisifies by hand, as an application does that calls back into its own code. */
const called = <T = unknown>(call: (callback: NodeCallback) => unknown): Promise<T> => {
  const trace = active.getStore()?.trace;
  const number = other.getStore();
  return new Promise((resolve, reject) => {
    call((error, result) => {
      const isElsewhere = trace !== undefined && other.getStore() !== number;
      if (active.getStore()?.trace !== trace || isElsewhere) {
        reject(
          new Error(`called back in request ${String(other.getStore())} instead of ${number}`),
        );
      } else if (error) reject(error as Error);
      else resolve(result as T);
    });
  });
};

interface QueryStyle {
  readonly name: string;
  readonly run: (sql: string, values?: unknown[]) => Promise<unknown>;
}
interface Driver {
  readonly name: string;
  readonly pool: { end(callback?: () => void): unknown };
  readonly styles: readonly QueryStyle[];
}

const mysqlPool = (): Driver => {
  const pool = mysql.createPool(config);
  const cluster = mysql.createPoolCluster();
  cluster.add('only', { ...config, connectionLimit: 2 });
  const promises = pool.promise();
  return {
    name: 'mysql2',
    pool: {
      end: () =>
        new Promise<void>((resolve) => {
          pool.end(() => cluster.end(() => resolve()));
        }),
    },
    styles: [
      {
        name: 'pool.query with a callback',
        run: (sql, values) => called((done) => pool.query(sql, values, done)),
      },
      {
        name: 'pool.execute with a callback',
        run: (sql, values) => called((done) => pool.execute(sql, values as never[], done)),
      },
      { name: 'promises', run: (sql, values) => promises.query(sql, values) },
      {
        name: 'promises, prepared',
        run: (sql, values) => promises.execute(sql, values as never[]),
      },
      {
        name: 'an object',
        run: (sql, values) => called((done) => pool.query({ sql, values }, done)),
      },
      {
        name: 'a connection that was taken',
        run: (sql, values) =>
          called<mysql.PoolConnection>((done) => pool.getConnection(done)).then((connection) =>
            called((done) => connection.query(sql, values, done)).finally(() =>
              connection.release(),
            ),
          ),
      },
      {
        name: 'a pool cluster',
        run: (sql, values) => called((done) => cluster.of('*').query(sql, values ?? [], done)),
      },
      {
        name: 'events',
        run: (sql, values) =>
          called((done) => {
            const rows: unknown[] = [];
            const query = pool.query(sql, values);
            query.on('error', done);
            query.on('result', (row) => rows.push(row));
            query.on('end', () => done(null, rows));
          }),
      },
      {
        name: 'a stream',
        run: (sql, values) =>
          called((done) => {
            const stream = pool.query(sql, values).stream();
            stream
              .on('error', done)
              .on('end', () => done(null))
              .resume();
          }),
      },
    ],
  };
};

const mariadbPool = (): Driver => {
  const pool = mariadbPromise.createPool(config);
  return {
    name: 'mariadb',
    pool,
    styles: [
      { name: 'pool.query', run: (sql, values) => pool.query(sql, values) },
      { name: 'pool.execute', run: (sql, values) => pool.execute(sql, values) },
      {
        name: 'a connection that was taken',
        run: async (sql, values) => {
          const connection = await pool.getConnection();
          try {
            return await connection.query(sql, values);
          } finally {
            await connection.release();
          }
        },
      },
      {
        name: 'a prepared statement',
        run: async (sql, values) => {
          const connection = await pool.getConnection();
          try {
            const statement = await connection.prepare(sql);
            const rows: unknown = await statement.execute(values);
            statement.close();
            return rows;
          } finally {
            await connection.release();
          }
        },
      },
      {
        name: 'a stream',
        run: async (sql, values) => {
          const connection = await pool.getConnection();
          try {
            await called((done) => {
              const stream = connection.queryStream(sql, values);
              stream
                .on('error', done)
                .on('end', () => done(null))
                .resume();
            });
          } finally {
            await connection.release();
          }
        },
      },
    ],
  };
};

const mariadbCallbackPool = (): Driver => {
  const pool = mariadbCallback.createPool(config);
  return {
    name: 'mariadb/callback',
    pool: { end: () => new Promise<void>((resolve) => pool.end(() => resolve())) },
    styles: [
      { name: 'pool.query', run: (sql, values) => called((done) => pool.query(sql, values, done)) },
      {
        name: 'pool.execute',
        run: (sql, values) => called((done) => pool.execute(sql, values, done)),
      },
      {
        name: 'a connection that was taken',
        run: (sql, values) =>
          called<mariadbCallback.PoolConnection>((done) => pool.getConnection(done)).then(
            (connection) =>
              called((done) => connection.query(sql, values, done)).finally(() =>
                connection.release(() => {}),
              ),
          ),
      },
    ],
  };
};

broker.describe('databases of MySQL and MariaDB', () => {
  const drivers: Driver[] = [];

  beforeAll(async () => {
    mysql2.traceCopy!(mysql, 'mysql2');
    mariadb.traceCopy!(mariadbPromise, 'mariadb');
    mariadb.traceCopy!(mariadbCallback, 'mariadb/callback');
    const connection = mysql.createConnection({ ...config, database: undefined }).promise();
    await connection.query('CREATE DATABASE IF NOT EXISTS tracing_test');
    await connection.query(
      'CREATE TABLE IF NOT EXISTS tracing_test.words (id INT PRIMARY KEY AUTO_INCREMENT, word VARCHAR(40))',
    );
    await connection.end();
    drivers.push(mysqlPool(), mariadbPool(), mariadbCallbackPool());
  });
  afterAll(async () => {
    await Promise.all(drivers.map(({ pool }) => pool.end()));
  });

  it.each(['mysql2', 'mariadb', 'mariadb/callback'])(
    '%s: each style of query is one step',
    async (name) => {
      const { styles } = drivers.find((driver) => driver.name === name)!;
      for (const style of styles) {
        const trace = await request(1, () =>
          style.run('SELECT word FROM words WHERE id = ?', [4711]),
        );
        expect([style.name, namesOf(trace), trace.calls]).toEqual([
          style.name,
          ['SELECT words'],
          expect.objectContaining({ dbCount: 1 }),
        ]);
        expect(JSON.stringify(stepsOf(trace))).not.toContain('4711');
      }
    },
  );

  it.each(['mysql2', 'mariadb', 'mariadb/callback'])(
    '%s: a query that fails is a failed step',
    async (name) => {
      const { styles } = drivers.find((driver) => driver.name === name)!;
      for (const style of styles) {
        let thrown: unknown;
        const trace = await request(1, () =>
          style.run('SELECT nothing FROM nowhere WHERE id = ?', [4711]).catch((error: unknown) => {
            thrown = error;
          }),
        );
        expect(thrown).toHaveProperty('code', 'ER_NO_SUCH_TABLE');
        expect([style.name, stepsOf(trace)]).toEqual([
          style.name,
          [expect.objectContaining({ name: 'SELECT nowhere', failed: true })],
        ]);
      }
    },
  );

  it.each(['mysql2', 'mariadb', 'mariadb/callback'])(
    '%s: of 200 overlapping requests on two connections, each has its own queries',
    async (name) => {
      const { styles } = drivers.find((driver) => driver.name === name)!;
      const traces = await Promise.all(
        Array.from({ length: REQUESTS }, (_, number) =>
          request(number, async () => {
            for (let query = 0; query <= number % 5; query++) {
              const { run } = styles[(number + query) % styles.length]!;
              await run('SELECT ? + SLEEP(0.002) AS number', [number]);
            }
          }),
        ),
      );
      expect(traces.map(({ calls }) => calls?.dbCount)).toEqual(
        traces.map((_, number) => 1 + (number % 5)),
      );
      expect(traces.map((trace) => namesOf(trace).length)).toEqual(
        traces.map((_, number) => 1 + (number % 5)),
      );
    },
    60_000,
  );

  it.each(['mysql2', 'mariadb', 'mariadb/callback'])(
    '%s: a query outside a request that waits for a connection is no step of another',
    async (name) => {
      const { styles } = drivers.find((driver) => driver.name === name)!;
      for (const { run } of styles) {
        const sql = 'SELECT SLEEP(0.01)';
        const requests = Array.from({ length: 6 }, (_, number) => request(number, () => run(sql)));
        await sleep(1);
        await Promise.all([run(sql), run(sql), run(sql)]);
        const traces = await Promise.all(requests);
        expect(traces.map(({ calls }) => calls?.dbCount)).toEqual([1, 1, 1, 1, 1, 1]);
      }
    },
  );
});
