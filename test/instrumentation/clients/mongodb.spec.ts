import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { MongoClient, type ChangeStream, type MongoClientOptions } from 'mongodb';
import { setTimeout as sleep } from 'node:timers/promises';
import { TraceContext, type Step, type TracingModuleOptions } from '../../../src/index.js';
import type { SpanRecord } from '../../../src/records/span-record.js';
import { subscribeApplication } from '../../../src/records/subscribe.js';
import { eventually, type Line } from '../../support/line-sink.js';
import { MongoServer } from '../../support/mongo-server.js';
import { PLATFORMS, tracedApp, type TracedApp } from '../../support/traced-app.js';
import { CANARY, MONGODB_CALLS } from './mongodb-calls.js';

const REQUESTS = 200;
const customers = (count: number): { _id: number; name: string }[] =>
  Array.from({ length: count }, (_, i) => ({ _id: i, name: `${CANARY}-${i}` }));

let server: MongoServer;
let client: MongoClient;
let changes: ChangeStream | undefined;

@Controller()
class MongoController {
  constructor(private readonly trace: TraceContext) {}

  @Get('call/:name')
  async call(@Param('name') name: string): Promise<string> {
    await MONGODB_CALLS[name]!.work(client.db(), client);
    return 'ok';
  }

  /** Asks several times, with turns of other requests in between. */
  @Get('overlap/:i')
  async overlap(@Param('i') i: string): Promise<string> {
    const db = client.db();
    this.trace.set('i', i);
    await db.collection(`a${i}`).findOne({});
    await sleep(Number(i) % 7);
    await Promise.all([
      db.collection(`b${i}`).find({}, { batchSize: 2 }).toArray(),
      db.collection(`c${i}`).insertOne({}),
    ]);
    return 'ok';
  }

  @Get('fail')
  async fail(@Query('with') way: string): Promise<unknown> {
    const orders = client.db().collection<{ _id: string }>('orders');
    if (way === 'server') return orders.find({}).toArray();
    if (way === 'bulk') return orders.insertMany([{ _id: CANARY }, { _id: CANARY }]);
    await orders.insertOne({ _id: CANARY });
    return orders.insertOne({ _id: CANARY });
  }

  @Get('stream')
  async stream(): Promise<string> {
    changes = client.db().collection('orders').watch();
    const next = changes.next();
    await eventually(() => server.received.some(({ name }) => name === 'getMore'), 'the stream');
    server.changed('shop.orders', { a: CANARY });
    await next;
    // It goes on after the request.
    changes.next().catch(() => {});
    return 'ok';
  }
}

describe.each(PLATFORMS)('MongoDB on %s', (platform) => {
  let running: TracedApp;
  const spans: SpanRecord[] = [];

  const start = async (options: TracingModuleOptions = {}): Promise<void> => {
    running = await tracedApp(platform)
      .with({ accessLog: { slowerThan: 0.001 }, ...options })
      .of({ controllers: [MongoController] })
      .start();
    subscribeApplication(running.app, { onSpan: (span) => spans.push(span) });
  };
  const connect = async (options: MongoClientOptions = {}): Promise<void> => {
    client = new MongoClient(server.url, options);
    await client.connect();
    server.received.length = 0;
  };
  const ask = async (path: string): Promise<Line> => {
    const before = running.sink.finished.length;
    await running.send(path).then((response) => response.text());
    return (await running.sink.finishes(before + 1)).at(-1)!;
  };

  beforeAll(async () => {
    server = await MongoServer.start();
  });
  beforeEach(() => {
    spans.length = 0;
    server.documents.clear();
    server.documents.set('shop.customers', customers(100));
  });
  afterEach(() => client.close());
  afterAll(() => server.close());

  it.each(Object.entries(MONGODB_CALLS))('%s', async (name, { steps }) => {
    await start({ spans: { clients: { statement: 'text' } } });
    await connect();
    const line = await ask(`/call/${name}`);
    expect([line['status_code'], line['error']]).toEqual([200, undefined]);
    expect(namesOf(line)).toEqual(steps);
    expect(line['db_count']).toBe(steps.length || undefined);
    const shown = spans.map((span) => [span.name, span.attributes]);
    expect(JSON.stringify([shown, running.sink.lines])).not.toContain(CANARY);
    // None of what the server has seen is missing.
    if (steps.length > 0) expect(server.received).toHaveLength(steps.length);
  });

  it('has the attributes of the semantic conventions', async () => {
    await start();
    await connect();
    await ask('/call/aggregate');
    expect(spans.map(({ kind, attributes }) => [kind, attributes])).toEqual([
      [
        'client',
        {
          'db.system.name': 'mongodb',
          'db.operation.name': 'aggregate',
          'db.collection.name': 'orders',
          'db.namespace': 'shop',
          'server.address': '127.0.0.1',
          'server.port': server.port,
        },
      ],
    ]);
  });

  it('shows the operation only where no part of a statement is wanted', async () => {
    await start({ spans: { clients: { statement: false } } });
    await connect();
    expect(namesOf(await ask('/call/findOne'))).toEqual(['find']);
    expect(spans[0]!.attributes).not.toHaveProperty('db.collection.name');
  });

  it.each([
    ['server', 'find orders', '50'],
    ['duplicate', 'insert orders', '11000'],
    ['bulk', 'insert orders', '11000'],
  ])('marks the call that has failed: %s', async (way, name, code) => {
    await start();
    await connect();
    if (way === 'server') server.failNext('find', { code: 50, errmsg: 'too slow' });
    const line = await ask(`/fail?with=${way}`);
    expect(line['status_code']).toBe(500);
    expect(stepsOf(line).at(-1)).toMatchObject({ name, failed: true });
    expect(spans.at(-1)!.attributes).toMatchObject({ 'db.response.status_code': code });
  });

  it('has one step for a call that the driver repeats', async () => {
    await start();
    await connect();
    server.failNext('find', 'close');
    const line = await ask('/call/findOne');
    expect(line['status_code']).toBe(200);
    expect(server.received.map(({ name }) => name)).toEqual(['find', 'find']);
    expect([namesOf(line), line['db_count']]).toEqual([['find customers'], 1]);
    expect(stepsOf(line)[0]).not.toHaveProperty('failed');
  });

  it('puts no call on another request, with 200 of them on two connections', async () => {
    await start();
    await connect({ maxPoolSize: 2 });
    for (let i = 0; i < REQUESTS; i++) server.documents.set(`shop.b${i}`, customers(3));
    await Promise.all(
      Array.from({ length: REQUESTS }, async (_, i) => {
        await sleep(i % 13);
        await running.send(`/overlap/${i}`);
      }),
    );
    const lines = await running.sink.finishes(REQUESTS);
    expect(new Set(lines.map(({ request_id }) => request_id)).size).toBe(REQUESTS);
    for (const line of lines) {
      const i = String(line['i']);
      expect(namesOf(line).toSorted()).toEqual(
        [`find a${i}`, `find b${i}`, `getMore b${i}`, `insert c${i}`].toSorted(),
      );
      expect(line['db_count']).toBe(4);
    }
  });

  it('has no heartbeat and no handshake of a client that connects in a request', async () => {
    await start();
    client = new MongoClient(server.url, {
      heartbeatFrequencyMS: 500,
      minHeartbeatFrequencyMS: 10,
    } as MongoClientOptions);
    expect(namesOf(await ask('/call/findOne'))).toEqual(['find customers']);
    let heartbeats = 0;
    client.on('serverHeartbeatSucceeded', () => heartbeats++);
    await eventually(() => heartbeats >= 2, 'two heartbeats');
    expect(spans.map(({ name }) => name)).toEqual(['find customers']);
  });

  it('has the calls of a change stream until its request ends', async () => {
    await start();
    await connect();
    const line = await ask('/stream');
    expect(namesOf(line)[0]).toBe('aggregate orders');
    expect(new Set(namesOf(line).slice(1))).toEqual(new Set(['getMore orders']));
    await sleep(20);
    const [{ length }, received] = [spans, server.received.length];
    await eventually(() => server.received.length > received + 3, 'it goes on');
    expect(spans).toHaveLength(length);
    await changes?.close();
  });

  it('leaves the events of the driver to the application', async () => {
    await start();
    await connect();
    const heard: string[] = [];
    client.on('commandStarted', ({ commandName }) => heard.push(commandName));
    await ask('/call/findOne');
    expect(heard).toEqual([]);
    expect(client.options.monitorCommands).toBe(false);
    await client.close();
    await connect({ monitorCommands: true });
    client.on('commandStarted', ({ commandName }) => heard.push(`started ${commandName}`));
    client.on('commandSucceeded', ({ commandName }) => heard.push(`succeeded ${commandName}`));
    const line = await ask('/call/findOne');
    expect(heard).toEqual(['started find', 'succeeded find']);
    expect(namesOf(line)).toEqual(['find customers']);
  });

  it('records nothing where databases are turned off, nor outside a request', async () => {
    await start({ spans: { clients: { databases: false } } });
    await connect();
    const line = await ask('/call/changes');
    expect([line['steps'], line['db_count']]).toEqual([undefined, undefined]);
    await client.db().collection('orders').findOne({});
    expect(spans).toEqual([]);
  });
});

function stepsOf(line: Line): readonly Step[] {
  return (line['steps'] as Step[] | undefined) ?? [];
}

function namesOf(line: Line): string[] {
  return stepsOf(line).map(({ name }) => name);
}
