import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AsyncLocalStorage } from 'node:async_hooks';
import { Connection, ISOLATION_LEVEL, Request, TYPES } from 'tedious';
import * as driver from 'tedious';
import { active } from '../../../src/context/active-trace.js';
import { runWithTrace } from '../../../src/context/trace-store.js';
import { tedious } from '../../../src/instrumentation/clients/tedious.js';
import { undoPatches } from '../../../src/instrumentation/patch.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { stepsOf } from '../../../src/spans/steps.js';
import { openTrace } from '../../../src/trace/open-trace.js';
import type { Trace } from '../../../src/trace/trace.js';
import { startTdsServer } from './tds-server.js';

// There is no SQL Server here: the driver's own connections talk to a server that speaks a part of
// its protocol.

const other = new AsyncLocalStorage<number>();
let server: Awaited<ReturnType<typeof startTdsServer>>;
let connection: Connection;

beforeAll(async () => {
  server = await startTdsServer();
  tedious.traceCopy!(driver, 'tedious');
  connection = new Connection({
    server: '127.0.0.1',
    authentication: { type: 'default', options: { userName: 'sa', password: 'x' } },
    options: { port: server.port, database: 'shop', encrypt: false, trustServerCertificate: true },
  });
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => (error ? reject(error) : resolve()));
  });
});
afterAll(async () => {
  connection.close();
  await server.close();
  undoPatches();
});

async function request(number: number, run: () => Promise<unknown>): Promise<Trace> {
  const { policy } = resolveOptions();
  const trace = openTrace({}, policy, { transport: 'test', startedAt: 0 });
  await other.run(number, () => runWithTrace(trace, async () => run()));
  return trace;
}

type Done = (error?: Error | null) => void;

/** Calls the driver, and checks where it calls back. */
function called(call: (done: Done) => unknown): Promise<void> {
  const trace = active.getStore()?.trace;
  const number = other.getStore();
  return new Promise((resolve, reject) => {
    call((error) => {
      const isElsewhere = active.getStore()?.trace !== trace || other.getStore() !== number;
      if (isElsewhere) reject(new Error('called back elsewhere'));
      else if (error) reject(error);
      else resolve();
    });
  });
}

const CALLS: readonly (readonly [string, string, (done: Done, table: string) => unknown])[] = [
  [
    'execSql',
    'SELECT',
    (done, table) => {
      const sent = new Request(`SELECT * FROM ${table} WHERE id = @id`, done);
      sent.addParameter('id', TYPES.Int, 4711);
      connection.execSql(sent);
    },
  ],
  [
    'execSqlBatch',
    'SELECT',
    (done, table) => connection.execSqlBatch(new Request(`SELECT 4711 FROM ${table}`, done)),
  ],
  ['callProcedure', 'EXECUTE', (done, table) => connection.callProcedure(new Request(table, done))],
  [
    'execBulkLoad',
    'INSERT',
    (done, table) => {
      const load = connection.newBulkLoad(table, done);
      load.addColumn('id', TYPES.Int, { nullable: false });
      connection.execBulkLoad(load, [{ id: 4711 }]);
    },
  ],
];

describe('a call of tedious', () => {
  it.each(CALLS)('%s is one step, and calls back where it was made', async (_, operation, call) => {
    const trace = await request(1, () => called((done) => call(done, 'orders')));
    expect(stepsOf(trace)).toEqual([
      {
        name: `${operation} orders`,
        start_ms: expect.any(Number),
        duration_ms: expect.any(Number),
      },
    ]);
    expect(trace.spans![0]!.attributes).toMatchObject({
      'db.system.name': 'microsoft.sql_server',
      'server.address': '127.0.0.1',
      'server.port': server.port,
      'db.namespace': 'shop',
    });
    expect(JSON.stringify(trace.spans![0]!.attributes)).not.toContain('4711');
    expect(trace.calls?.dbCount).toBe(1);
  });

  it.each(CALLS)('%s that fails is a failed step', async (_, operation, call) => {
    let thrown: unknown;
    const trace = await request(1, () =>
      called((done) => call(done, 'broken')).catch((error: unknown) => {
        thrown = error;
      }),
    );
    expect(thrown).toHaveProperty('number', 208);
    expect(trace.spans).toEqual([
      expect.objectContaining({ name: `${operation} broken`, failed: true, error: thrown }),
    ]);
  });

  it('that does not pass its validation is a failed step', async () => {
    const trace = await request(1, () =>
      called((done) => {
        const sent = new Request('SELECT @id', done);
        sent.addParameter('id', TYPES.Int, 'no number');
        connection.execSql(sent);
      }).catch(() => {}),
    );
    expect(trace.spans).toEqual([expect.objectContaining({ name: 'SELECT', failed: true })]);
  });

  it('is a step each time that a prepared request runs, and none for its preparation', async () => {
    const events: unknown[] = [];
    const trace = await request(7, async () => {
      const done: { call: Done } = { call: () => {} };
      const sent = new Request('SELECT @id', (error) => done.call(error));
      sent.addParameter('id', TYPES.Int, undefined);
      await called((prepared) => {
        sent.once('prepared', () => prepared());
        connection.prepare(sent);
      });
      sent.on('requestCompleted', () => events.push(other.getStore()));
      for (const id of [1, 2, 3]) {
        await called((next) => {
          done.call = next;
          connection.execute(sent, { id });
        });
      }
      expect(Object.hasOwn(sent, 'emit')).toBe(false);
    });
    expect(stepsOf(trace)!.map(({ name }) => name)).toEqual(['SELECT', 'SELECT', 'SELECT']);
    expect(events).toEqual([7, 7, 7]);
  });

  it('of a transaction is a step', async () => {
    const trace = await request(1, async () => {
      await called((done) =>
        connection.beginTransaction(done, 'name', ISOLATION_LEVEL.READ_COMMITTED),
      );
      await called((done) => connection.execSql(new Request('UPDATE orders SET paid = 1', done)));
      await called((done) => connection.commitTransaction(done));
      await called((done) => connection.rollbackTransaction(done));
    });
    expect(stepsOf(trace)!.map(({ name }) => name)).toEqual([
      'BEGIN',
      'UPDATE orders',
      'COMMIT',
      'ROLLBACK',
    ]);
  });

  it('on a connection that is closed is a failed step', async () => {
    const closed = new Connection({ server: '127.0.0.1' });
    const trace = await request(1, () =>
      called((done) => closed.execSql(new Request('SELECT 1', done))).catch(() => {}),
    );
    expect(trace.spans).toEqual([expect.objectContaining({ name: 'SELECT', failed: true })]);
  });

  it('outside a trace is left as it is', async () => {
    const done: Done = () => {};
    const sent = new Request('SELECT 1', (error) => finish(error));
    const { callback } = sent as unknown as { callback: unknown };
    let finish = done;
    await new Promise<void>((resolve) => {
      finish = () => resolve();
      connection.execSql(sent);
      expect(sent).toHaveProperty('callback', callback);
      expect(Object.hasOwn(sent, 'emit')).toBe(false);
    });
  });

  it('of many requests one after another, each on the request that made it', async () => {
    let last: Promise<unknown> = Promise.resolve();
    // A connection of tedious takes one request at a time, as a pool hands it out.
    const inTurn = (run: () => Promise<void>): Promise<void> => {
      const turn = last.then(run);
      last = turn.catch(() => {});
      return turn;
    };
    const traces = await Promise.all(
      Array.from({ length: 60 }, (_, number) =>
        request(number, async () => {
          for (let query = 0; query <= number % 3; query++) {
            await inTurn(() => called((done) => connection.execSql(new Request('SELECT 1', done))));
          }
        }),
      ),
    );
    expect(traces.map(({ calls }) => calls?.dbCount)).toEqual(
      traces.map((_, number) => 1 + (number % 3)),
    );
  });
});
