import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Body, Controller, Inject, Post } from '@nestjs/common';
import PgBoss from 'pg-boss';
import { traceFields } from '../../src/index.js';
import { eventually, type Line } from '../support/line-sink.js';
import { ServiceProcess } from '../support/service-process.js';
import { tracedApp } from '../support/traced-app.js';
import { accessTo } from './servers/access.js';

const postgres = accessTo('postgres');
const { hostname: host, port, username } = new URL(postgres.url || 'postgres://127.0.0.1');
const config = {
  host,
  port: Number(port || 5432),
  user: username || 'postgres',
  database: 'postgres',
};
const schema = `boss_${process.pid}`;
const JOBS = 200;

interface Adding {
  method: 'send' | 'sendAfter' | 'insert' | 'publish';
  queue: string;
  data?: unknown;
}

@Controller()
class Jobs {
  constructor(@Inject(PgBoss) private readonly boss: PgBoss) {}

  @Post()
  async add(@Body() { method, queue, data }: Adding): Promise<unknown> {
    const given = JSON.stringify(data);
    const object = data as object;
    if (method === 'send') await this.boss.send(queue, object);
    else if (method === 'sendAfter') await this.boss.sendAfter(queue, object, {}, 0);
    else if (method === 'insert') await this.boss.insert([{ name: queue, data: object }]);
    else await this.boss.publish(queue, object);
    const { trace_id: traceId, span_id: spanId } = traceFields();
    return { traceId, spanId, isUnchanged: JSON.stringify(data) === given };
  }
}

postgres.describe('pg-boss', () => {
  const boss = new PgBoss({ ...config, schema, max: 5 });
  let worker: ServiceProcess;

  beforeAll(async () => {
    await boss.start();
    worker = await ServiceProcess.start('test/brokers/services/pg-boss-worker.ts', {
      POSTGRES: JSON.stringify(config),
      SCHEMA: schema,
    });
    await boss.subscribe('mailed', 'mail');
  }, 60_000);

  afterAll(async () => {
    await worker.stop();
    await boss.stop({ graceful: false });
  });

  async function start() {
    const providers = [{ provide: PgBoss, useValue: boss }];
    const app = await tracedApp('express')
      .of({ controllers: [Jobs], providers })
      .start();
    const add = async (adding: Adding, headers: Record<string, string> = {}) => {
      const body = JSON.stringify(adding);
      const type = { 'content-type': 'application/json' };
      const response = await app.send('/', {
        method: 'POST',
        headers: { ...type, ...headers },
        body,
      });
      expect(response.status).toBe(201);
      return (await response.json()) as { traceId: string; spanId: string; isUnchanged: boolean };
    };
    return { ...app, add };
  }

  async function lines(isWanted: (line: Line) => boolean, count: number): Promise<Line[]> {
    const found = (): Line[] => worker.lines.filter(isWanted);
    await eventually(() => found().length >= count, `${count} lines\n${worker.stderr}`);
    return found();
  }

  const ends = (traceId: string, count = 1): Promise<Line[]> =>
    lines((line) => line.message === 'Job finished' && line.trace_id === traceId, count);

  it.each(['send', 'sendAfter', 'insert', 'publish'] as const)(
    'a job continues the trace of the request that added it with %s',
    async (method) => {
      const { add, sink } = await start();
      const n = Math.random();
      const queue = method === 'publish' ? 'mailed' : 'mail';
      const { traceId, isUnchanged } = await add({ method, queue, data: { n, failures: 1 } });
      expect(isUnchanged).toBe(true);
      const [failed, completed] = await ends(traceId, 2);
      const common = { transport: 'pg-boss', queue: 'mail' };
      expect(failed).toMatchObject({
        ...common,
        level: 'error',
        attempt: 1,
        outcome: 'errored',
        error: { message: `not yet ${n}` },
      });
      expect(completed).toMatchObject({ ...common, attempt: 2, outcome: 'completed' });
      const [working] = await lines((line) => line['n'] === n && line.message === 'working', 2);
      expect(working).toMatchObject({ trace_id: traceId, span_id: failed?.span_id });
      expect(working?.['keys']).toEqual(['n', 'failures']);
      expect(sink.finished[0]).toMatchObject({ sent: [`pg-boss ${queue}`] });
    },
  );

  it('data is what was given, also where it has no place for a trace', async () => {
    const { add } = await start();
    const values = [null, { a: [1, null], b: { c: 'é' } }, {}, [1, 'x'], 'text', 5, false];
    for (const data of values) await add({ method: 'insert', queue: 'any', data });
    const found = await lines(({ message }) => message === 'any', values.length);
    const seen = found.map((line) => JSON.stringify(line['data'])).toSorted();
    expect(seen).toEqual(values.map((data) => JSON.stringify(data)).toSorted());
  });

  it('a batch of several traces has one of its own, which its line names', async () => {
    const jobs = ['1', '2'].map((digit, n) => ({
      name: 'batch',
      data: { n, 'nestjs-tracing': { traceparent: `00-${digit.repeat(32)}-${'b'.repeat(16)}-01` } },
    }));
    await boss.insert(jobs);
    const [line] = await lines(({ message }) => message === 'batch', 1);
    const [end] = await ends(String(line?.trace_id));
    const linked = expect.arrayContaining(['1'.repeat(32), '2'.repeat(32)]);
    expect(end).toMatchObject({ batch_size: 2, linked_traces: linked });
  });

  it.each([
    { traceparent: ['a', 'b'], 'x-request-id': 'a\nb' },
    { 'x-request-id': 'x'.repeat(129), 'x-session-id': { a: 1 } },
    [],
    'text',
  ])('adopts nothing of %j', async (carrier) => {
    const n = Math.random();
    await boss.send('mail', { n, 'nestjs-tracing': carrier });
    const [line] = await lines((one) => one['n'] === n && one.message === 'worked', 1);
    expect(line?.trace_id).toMatch(/^[0-9a-f]{32}$/);
    expect(line?.request_id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it(`${JOBS} interleaved jobs have the ids of their requests`, async () => {
    const { add } = await start();
    const added = await Promise.all(
      Array.from({ length: JOBS }, async (_, n) => {
        const headers = { 'x-request-id': `request-${n}`, 'x-session-id': `session-${n}` };
        const data = { n: n + 1000, sleepMs: n % 7 };
        const { traceId } = await add({ method: 'send', queue: 'mail', data }, headers);
        return traceId;
      }),
    );
    expect(new Set(added).size).toBe(JOBS);
    const worked = await lines(
      (line) => line.message === 'worked' && Number(line['n']) >= 1000,
      JOBS,
    );
    for (const line of worked) {
      const n = Number(line['n']) - 1000;
      expect(line).toMatchObject({
        trace_id: added[n],
        request_id: `request-${n}`,
        session_id: `session-${n}`,
      });
    }
  }, 60_000);
});
