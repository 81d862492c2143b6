import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { AsyncLocalStorage } from 'node:async_hooks';
import mongoose from 'mongoose';
import { runWithTrace } from '../../../src/context/trace-store.js';
import { prepareClients } from '../../../src/instrumentation/clients/clients.js';
import { undoPatches } from '../../../src/instrumentation/patch.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { openTrace } from '../../../src/trace/open-trace.js';
import type { Trace } from '../../../src/trace/trace.js';
import { MongoServer } from '../../support/mongo-server.js';

const CANARY = 'canary-91c4';
const { policy } = resolveOptions();
const newTrace = (): Trace => openTrace({}, policy, { transport: 'test', startedAt: 0 });
const namesOf = ({ spans }: Trace): string[] => spans?.map(({ name }) => name) ?? [];

let server: MongoServer;

beforeAll(async () => {
  server = await MongoServer.start();
});
afterEach(() => undoPatches());
afterAll(() => server.close());

function models(connection: mongoose.Connection) {
  const schema = new mongoose.Schema({ name: String }, { autoCreate: false, autoIndex: false });
  return connection.model('User', schema);
}

describe('Mongoose', () => {
  it('has one step for each command, with no filter and no document', async () => {
    await prepareClients();
    const connection = await mongoose.createConnection(server.url).asPromise();
    const User = models(connection);
    const trace = newTrace();
    server.received.length = 0;
    await runWithTrace(trace, async () => {
      await User.create({ name: CANARY });
      await User.find({ name: CANARY }).lean();
      for await (const user of User.find({ name: CANARY }).cursor()) expect(user.name).toBe(CANARY);
      await User.updateOne({ name: CANARY }, { name: CANARY });
      await User.aggregate([{ $match: { name: CANARY } }]);
      await connection.db!.collection('raw').countDocuments({ name: CANARY });
    });
    expect(namesOf(trace)).toEqual([
      'insert users',
      'find users',
      'find users',
      'update users',
      'aggregate users',
      'aggregate raw',
    ]);
    expect(server.received).toHaveLength(6);
    expect(trace.calls!.dbCount).toBe(6);
    expect(JSON.stringify(trace.spans!.map(({ attributes }) => attributes))).not.toContain(CANARY);
    await connection.close();
  });

  it('has calls that wait for the connection on the request that has made them', async () => {
    await prepareClients();
    const connection = mongoose.createConnection();
    const User = models(connection);
    const traces = Array.from({ length: 50 }, newTrace);
    const waiting = traces.map((trace) =>
      runWithTrace(trace, async () => User.findOne({ name: CANARY })),
    );
    const connecting = newTrace();
    await runWithTrace(connecting, async () => connection.openUri(server.url));
    await Promise.all(waiting);
    expect(traces.map(namesOf)).toEqual(traces.map(() => ['find users']));
    expect(namesOf(connecting)).toEqual([]);
    await connection.close();
  });

  it('runs what waits in its queue in the context that has queued it, as up to version 8', async () => {
    await prepareClients();
    const connection = mongoose.createConnection();
    const { collection } = models(connection);
    const queue = collection as unknown as {
      addQueue(call: () => void, args: unknown[]): void;
      removeQueue(call: () => void, args: unknown[]): boolean;
      doQueue(): void;
    };
    const storage = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const note = (): void => void seen.push(storage.getStore());
    const removed: unknown[] = [];
    runWithTrace(newTrace(), () => {
      storage.run('queued', () => {
        queue.addQueue(note, []);
        queue.addQueue(note, removed);
      });
    });
    expect(queue.removeQueue(note, removed)).toBe(true);
    storage.run('connected', () => queue.doQueue());
    expect(seen).toEqual(['queued']);
    await connection.close();
  });
});
