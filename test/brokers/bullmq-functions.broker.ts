import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Queue, type JobsOptions } from 'bullmq';
import { eventually, type Line } from '../support/line-sink.js';
import { ServiceProcess, untilTrees } from '../support/service-process.js';
import { accessTo } from './servers/access.js';
import { deleteKeys } from './servers/delete-keys.js';

const redis = accessTo('redis');

redis.describe.each([
  { title: 'a function that is given to the module', path: 'add', queue: 'email' },
  { title: 'a worker made by hand', path: 'add-scoped', queue: 'scoped' },
])('BullMQ jobs of $title', ({ path, queue }) => {
  const env = { REDIS_URL: redis.url, PREFIX: `nestjs-tracing-${queue}-${process.pid}` };
  let gateway: ServiceProcess;
  let worker: ServiceProcess;

  beforeAll(async () => {
    [gateway, worker] = await Promise.all([
      ServiceProcess.start('test/brokers/services/queue-gateway.ts', env),
      ServiceProcess.start('test/brokers/services/hand-worker.ts', env),
    ]);
  }, 60_000);

  afterAll(async () => {
    await Promise.all([gateway.stop(), worker.stop()]);
    await deleteKeys(redis.url, env.PREFIX);
  });

  async function add(data: object, opts?: JobsOptions): Promise<string> {
    const response = await fetch(`${String(gateway.ready['url'])}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'plain', data, opts }),
    });
    return ((await response.json()) as { traceId: string }).traceId;
  }

  const lines = (): Line[] => [...gateway.lines, ...worker.lines];
  const finished = (traceId: string): Line[] =>
    worker.lines.filter((one) => one.message === 'Job finished' && one.trace_id === traceId);

  it('keeps 200 interleaved jobs apart, those that throw and are tried again among them', async () => {
    const ids = await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        add({ n: i, sleepMs: (i * 7) % 40, failures: i % 10 === 0 ? 1 : 0 }, { attempts: 2 }),
      ),
    );
    expect(new Set(ids).size).toBe(200);
    const ends = (): Line[] => worker.lines.filter(({ message }) => message === 'Job finished');
    await eventually(() => ends().length >= 220, '220 attempts');
    expect(ends()).toHaveLength(220);
    for (const [i, id] of ids.entries()) {
      expect(finished(id).map(({ attempt, outcome }) => [attempt, outcome])).toEqual(
        i % 10 === 0
          ? [
              [1, 'errored'],
              [2, 'completed'],
            ]
          : [[1, 'completed']],
      );
      expect(finished(id)[0]).toMatchObject({ transport: 'bullmq', queue, job: 'plain' });
    }
    await untilTrees(lines, ...ids);
    const own = worker.lines.filter(({ n }) => n !== undefined);
    expect(own.length).toBe(420);
    expect(own.filter((line) => line.trace_id !== ids[Number(line['n'])])).toEqual([]);
  }, 40_000);

  it('ignores a trace that is not valid', async () => {
    const raw = new Queue(queue, { connection: { url: redis.url }, prefix: env.PREFIX });
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const carriers: unknown[] = [
      'text',
      null,
      [traceparent],
      { traceparent: [traceparent, traceparent], 'x-request-id': ['a', 'b'] },
      { traceparent: `${traceparent}\r\n`, 'x-request-id': 'a\u0000b' },
      { traceparent: 'a'.repeat(100_000), 'x-request-id': 'a'.repeat(100_000) },
      JSON.parse(`{ "__proto__": { "traceparent": "${traceparent}" } }`),
    ];
    await raw.addBulk(
      carriers.map((carrier, i) => ({
        name: 'hostile',
        data: { n: 500 + i },
        opts: { 'nestjs-tracing': carrier } as JobsOptions,
      })),
    );
    const ends = (): Line[] => worker.lines.filter(({ job }) => job === 'hostile');
    await eventually(() => ends().length >= carriers.length, 'hostile jobs');
    for (const line of ends()) {
      expect(line).toMatchObject({ outcome: 'completed', attempt: 1 });
      expect(line).not.toHaveProperty('parent_span_id');
      expect(line.trace_id).not.toBe('a'.repeat(32));
    }
    expect(worker.stderr).toBe('');
    await raw.close();
  });
});
