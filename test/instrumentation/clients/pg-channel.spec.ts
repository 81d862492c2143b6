import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runWithTrace } from '../../../src/context/trace-store.js';
import { pg } from '../../../src/instrumentation/clients/pg.js';
import { undoPatches } from '../../../src/instrumentation/patch.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { stepsOf } from '../../../src/spans/steps.js';
import { openTrace } from '../../../src/trace/open-trace.js';
import type { Trace } from '../../../src/trace/trace.js';
import { publishingPg, type Submitted } from './publishing-pg.js';

let driver: ReturnType<typeof publishingPg>;
let client: InstanceType<typeof driver.Client>;

beforeEach(() => {
  driver = publishingPg();
  client = new driver.Client();
  pg.prepare!();
  pg.traceCopy!(driver.exports, 'pg');
});
afterEach(() => {
  driver.stop();
  undoPatches();
});

async function request(run: () => Promise<unknown>): Promise<Trace> {
  const { policy } = resolveOptions();
  const trace = openTrace({}, policy, { transport: 'test', startedAt: 0 });
  await runWithTrace(trace, async () => run());
  return trace;
}

const called = (text: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    client.query(text, (error: Error | null) => (error === null ? resolve(null) : reject(error)));
  });
const promised = (text: string): Promise<unknown> => client.query(text) as Promise<unknown>;
const submitted = (text: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const query: Submitted = {
      text,
      submit: () => {},
      handleReadyForQuery: () => resolve(null),
      handleError: (error) => reject(error),
    };
    client.query(query);
  });
const STYLES = { called, promised, submitted };

describe.each(Object.entries(STYLES))('a pg that publishes its queries: %s', (_, query) => {
  it('has each query once, from the first one on', async () => {
    for (const count of [1, 2, 3]) {
      const trace = await request(async () => {
        for (let i = 0; i < count; i++) await query('SELECT 4711 FROM orders');
      });
      expect(stepsOf(trace)!.map(({ name }) => name)).toEqual(
        Array.from({ length: count }, () => 'SELECT orders'),
      );
      expect(trace.calls?.dbCount).toBe(count);
      for (const { attributes } of trace.spans!) {
        expect(attributes).toEqual({
          'db.system.name': 'postgresql',
          'db.operation.name': 'SELECT',
          'db.collection.name': 'orders',
          'db.query.summary': 'SELECT orders',
          'server.address': 'db.internal',
          'server.port': 5432,
          'db.namespace': 'shop',
        });
      }
    }
  });

  it('says the error of a query once, on its step', async () => {
    for (let i = 0; i < 3; i++) {
      let thrown: unknown;
      const trace = await request(() =>
        query('SELECT * FROM broken').catch((error: unknown) => {
          thrown = error;
        }),
      );
      expect(thrown).toBeInstanceOf(Error);
      expect(trace.spans).toEqual([
        expect.objectContaining({ name: 'SELECT broken', failed: true, error: thrown }),
      ]);
    }
  });

  it('has the queries of overlapping requests on those that made them', async () => {
    const traces = await Promise.all(
      Array.from({ length: 60 }, (_unused, number) =>
        request(() =>
          Promise.all(
            Array.from({ length: 1 + (number % 4) }, () =>
              query(`SELECT * FROM t_${'abcd'.charAt(number % 4)}`),
            ),
          ),
        ),
      ),
    );
    for (const [number, trace] of traces.entries()) {
      const name = `SELECT t_${'abcd'.charAt(number % 4)}`;
      expect(trace.spans!.map((span) => span.name)).toEqual(
        Array.from({ length: 1 + (number % 4) }, () => name),
      );
    }
  });
});

it('a pg that publishes its queries has each cursor between them once', async () => {
  const trace = await request(async () => {
    for (let i = 0; i < 2; i++) {
      for (const query of Object.values(STYLES)) await query('SELECT * FROM orders');
    }
  });
  expect(trace.calls?.dbCount).toBe(6);
  expect(trace.spans).toHaveLength(6);
});
