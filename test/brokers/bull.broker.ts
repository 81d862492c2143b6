import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Bull, { type JobOptions, type Queue } from 'bull';
import { eventually, type Line } from '../support/line-sink.js';
import { ServiceProcess, untilTrees } from '../support/service-process.js';
import { accessTo } from './servers/access.js';
import { deleteKeys } from './servers/delete-keys.js';

const redis = accessTo('redis');
const GATEWAY = 'test/brokers/services/bull-gateway.ts';
const WORKER = 'test/brokers/services/bull-worker.ts';
const OTHERS = 'c'.repeat(32);
const CARRIER = 'nestjs-tracing';

interface Added {
  traceId: string;
  isUnchanged?: boolean;
  own?: string[];
}

redis.describe('Bull', () => {
  const env = { REDIS_URL: redis.url, PREFIX: `nestjs-tracing-bull-${process.pid}` };
  let gateway: ServiceProcess;
  let worker: ServiceProcess;

  beforeAll(async () => {
    [gateway, worker] = await Promise.all([
      ServiceProcess.start(GATEWAY, env),
      ServiceProcess.start(WORKER, env),
    ]);
  }, 30_000);

  afterAll(async () => {
    await Promise.all([gateway.stop(), worker.stop()]);
    await deleteKeys(redis.url, env.PREFIX);
  });

  async function post(path: string, body: object, to = gateway): Promise<Added> {
    const response = await fetch(`${String(to.ready['url'])}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(201);
    return (await response.json().catch(() => undefined)) as Added;
  }

  const add = (name: string, data: object, opts?: JobOptions, to = gateway): Promise<Added> =>
    post('add', { name, data, opts }, to);

  async function linesWhere(
    isWanted: (line: Line) => boolean,
    count: number,
    services = [gateway, worker],
  ): Promise<Line[]> {
    const found = (): Line[] => services.flatMap(({ lines }) => lines).filter(isWanted);
    await eventually(
      () => found().length >= count,
      `${count} lines, found ${JSON.stringify(found(), null, 1)}\n${worker.stderr}`,
    );
    return found();
  }

  const finished = (traceId: string, count: number, services?: ServiceProcess[]): Promise<Line[]> =>
    linesWhere(
      (line) => line.message === 'Job finished' && line.trace_id === traceId,
      count,
      services,
    );

  const ofTask = (n: number, message: string, count = 1): Promise<Line[]> =>
    linesWhere((line) => line['n'] === n && line.message === message, count);

  const allLines = (): Line[] => [...gateway.lines, ...worker.lines];
  const traceLines = (traceId: string): Line[] =>
    allLines().filter((line) => line.trace_id === traceId);

  /** Once the trace is whole, of which these are a part. */
  const producerSpans = async (traceId: string): Promise<Line[]> => {
    await untilTrees(allLines, traceId);
    return traceLines(traceId).filter((line) => line['kind'] === 'producer');
  };

  describe('a job', () => {
    it('continues the trace of the request that added it, before, in and after its processor', async () => {
      const data = { n: 1, nested: { list: [1, null, 'é'] } };
      const { traceId, isUnchanged, own } = await add('progress', data, { attempts: 2 });
      expect({ isUnchanged, own }).toEqual({ isUnchanged: true, own: [] });
      const [line] = await finished(traceId, 1);
      await ofTask(1, 'on completed');
      expect(line).toMatchObject({
        transport: 'bull',
        queue: 'email',
        job: 'progress',
        attempt: 1,
        handler: 'EmailProcessor.progress',
        outcome: 'completed',
        duration_ms: expect.any(Number),
      });
      const lines = worker.lines.filter(({ n }) => n === 1);
      expect(new Set(lines.map(({ message }) => message))).toEqual(
        new Set(['on active', 'on progress', 'processing', 'mailed', 'processed', 'on completed']),
      );
      for (const key of ['trace_id', 'request_id', 'session_id', 'span_id']) {
        expect(new Set(lines.map((one) => one[key]))).toEqual(new Set([line?.[key]]));
      }
      const [processing] = await ofTask(1, 'processing');
      expect(processing).toMatchObject({ data, own: [] });
      const [request] = await linesWhere(
        ({ message, trace_id }) => message === 'Request finished' && trace_id === traceId,
        1,
      );
      expect(line).toMatchObject({
        request_id: request?.request_id,
        session_id: request?.session_id,
        parent_span_id: (await producerSpans(traceId))[0]?.span_id,
      });
    });

    it('without a name does, too', async () => {
      const { traceId } = await post('add-unnamed', { data: { n: 2 }, opts: { priority: 1 } });
      const [line] = await finished(traceId, 1);
      expect(line).toMatchObject({ job: '__default__', handler: 'EmailProcessor.unnamed' });
      await untilTrees(allLines, traceId);
    });

    it('that adds a job passes its trace on, to a processor of all names', async () => {
      const { traceId } = await add('chain', { n: 3 });
      const lines = await finished(traceId, 2);
      expect(lines.find(({ queue }) => queue === 'ledger')).toMatchObject({
        job: 'book',
        handler: 'LedgerProcessor.book',
      });
      await untilTrees(allLines, traceId);
    });

    it('keeps its trace while it is delayed', async () => {
      const { traceId } = await add('plain', { n: 4 }, { delay: 200 });
      expect(await finished(traceId, 1)).toHaveLength(1);
      await untilTrees(allLines, traceId);
    });

    it('that was added outside of every request has a trace of its own', async () => {
      await post('add-outside', { name: 'plain', data: { n: 5 } });
      const [line] = await ofTask(5, 'processed');
      const [end] = await finished(String(line?.trace_id), 1);
      expect(end).not.toHaveProperty('parent_span_id');
      expect(await producerSpans(String(line?.trace_id))).toEqual([]);
    });

    it('that answers by a callback ends with it', async () => {
      const good = await add('callback', { n: 6 });
      const bad = await add('callback', { n: 7, failures: 1 });
      expect(await finished(good.traceId, 1)).toMatchObject([
        { outcome: 'completed', handler: 'EmailProcessor.callback' },
      ]);
      expect(await finished(bad.traceId, 1)).toMatchObject([
        { level: 'error', outcome: 'errored' },
      ]);
      for (const [n, { traceId }] of [
        [6, good],
        [7, bad],
      ] as const) {
        expect(await ofTask(n, 'processed')).toMatchObject([{ trace_id: traceId }]);
      }
    });

    it('of several that were added at once is a child of one span', async () => {
      const jobs = [1, 2, 3].map((i) => ({ name: 'plain', data: { n: 100 + i } }));
      const { traceId, own } = await post('bulk', { jobs });
      expect(own).toEqual([]);
      const lines = await finished(traceId, 3);
      const [span, ...others] = await producerSpans(traceId);
      expect(others).toEqual([]);
      expect(span).toMatchObject({ name: 'addBulk email', 'messaging.batch.message_count': 3 });
      expect(new Set(lines.map((line) => line['parent_span_id']))).toEqual(
        new Set([span?.span_id]),
      );
    });

    it('is seen as it was sent by a listener that reads it again', async () => {
      await add('plain', { n: 8 });
      const [seen] = await linesWhere(
        (line) => line.message === 'on global completed' && line['task'] === 8,
        1,
      );
      expect(seen).toMatchObject({ own: [], trace_id: '-' });
    });
  });

  describe('an attempt', () => {
    it('is a span and a line of its own, in the same trace', async () => {
      const { traceId } = await add('plain', { n: 20, failures: 2 }, { attempts: 3, backoff: 10 });
      const lines = await finished(traceId, 3);
      expect(lines.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
        [1, 'errored'],
        [2, 'errored'],
        [3, 'completed'],
      ]);
      expect(new Set(lines.map(({ span_id }) => span_id)).size).toBe(3);
      await untilTrees(allLines, traceId);
      const failed = await ofTask(20, 'on failed', 2);
      expect(failed.map(({ span_id }) => span_id)).toEqual(
        lines.slice(0, 2).map(({ span_id }) => span_id),
      );
    });

    it('that throws ends once, with its error', async () => {
      const { traceId } = await add('throws', { n: 21 });
      await ofTask(21, 'on failed');
      expect(await finished(traceId, 1)).toMatchObject([
        { level: 'error', outcome: 'errored', attempt: 1 },
      ]);
      expect(await finished(traceId, 1)).toHaveLength(1);
    });

    it('that takes too long fails once, and its later lines have its ids', async () => {
      const { traceId } = await add('plain', { n: 22, sleepMs: 150 }, { timeout: 30 });
      await ofTask(22, 'processed');
      expect((await ofTask(22, 'on failed'))[0]).toMatchObject({ trace_id: traceId });
      const lines = await finished(traceId, 1);
      expect(lines).toMatchObject([{ outcome: 'errored' }]);
      expect(worker.lines.filter(({ n }) => n === 22)).not.toContainEqual(
        expect.not.objectContaining({ trace_id: traceId }),
      );
    });

    it('of a job without a processor has a line', async () => {
      const { traceId } = await add('unknown', { n: 23 });
      const [line] = await finished(traceId, 1);
      expect(line).toMatchObject({ job: 'unknown', outcome: 'errored', attempt: 1 });
      expect(await ofTask(23, 'on failed')).toMatchObject([{ span_id: line?.span_id }]);
    });

    it('follows one whose worker died', async () => {
      const own = { ...env, PREFIX: `${env.PREFIX}-doomed` };
      const [doomed, sender] = await Promise.all([
        ServiceProcess.start(WORKER, own),
        ServiceProcess.start(GATEWAY, own),
      ]);
      const gone = new Promise((resolve) => doomed.child.once('close', resolve));
      const { traceId } = await add('die', { n: 24 }, undefined, sender);
      await gone;
      const heir = await ServiceProcess.start(WORKER, { ...own, IMMORTAL: '1' });
      const [line, ...others] = await finished(traceId, 1, [heir]);
      expect(others).toEqual([]);
      expect(line).toMatchObject({ outcome: 'completed' });
      const stalled = heir.lines.filter(({ message }) => message === 'on stalled');
      expect(stalled).toMatchObject([{ n: 24, trace_id: traceId, request_id: line?.request_id }]);
      await Promise.all([sender.stop(), heir.stop()]);
    }, 20_000);
  });

  it('gives each run of a repeated job a trace of its own', async () => {
    const repeat = { every: 100 };
    const { traceId } = await add(
      'plain',
      { n: 30 },
      // As in options that were copied from another job.
      { repeat, [CARRIER]: { traceparent: `00-${OTHERS}-${'d'.repeat(16)}-01` } } as JobOptions,
    );
    const runs = await ofTask(30, 'processed', 3);
    await post('stop-repeating', { name: 'plain', opts: { repeat } });
    const traces = runs.map(({ trace_id }) => trace_id);
    expect(new Set([...traces, traceId, OTHERS]).size).toBe(runs.length + 2);
    expect((await ofTask(30, 'processing')).map(({ own }) => own)).toContainEqual([]);
  });

  it('creates no context for events that are about no job', async () => {
    await add('plain', { n: 40 });
    const drained = await linesWhere(({ message }) => message === 'on drained', 1);
    expect(new Set(drained.map(({ trace_id }) => trace_id))).toEqual(new Set(['-']));
  });

  it('keeps 200 interleaved jobs apart', async () => {
    const added = await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        add(
          'plain',
          { n: 1000 + i, sleepMs: (i * 7) % 40, failures: i % 10 === 0 ? 1 : 0 },
          { attempts: 2 },
        ),
      ),
    );
    const ids = added.map(({ traceId }) => traceId);
    expect(new Set(ids).size).toBe(200);
    await linesWhere((line) => line.message === 'Job finished' && ids.includes(line.trace_id), 220);
    await linesWhere(({ n, message }) => Number(n) >= 1000 && message === 'on completed', 200);
    const own = worker.lines.filter(({ n }) => Number(n) >= 1000);
    expect(own.length).toBeGreaterThanOrEqual(1000);
    const strays = own.filter((line) => line.trace_id !== ids[Number(line['n']) - 1000]);
    expect(strays.map(({ n, message }) => `${Number(n)} ${message}`)).toEqual([]);
    await untilTrees(allLines, ...ids);
  }, 30_000);

  it('ignores what is not valid in the options of a job', async () => {
    const queue = new Bull('email', redis.url, { prefix: env.PREFIX });
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const carriers: unknown[] = [
      'text',
      7,
      null,
      [traceparent],
      { traceparent: 7, 'x-request-id': {}, 'x-session-id': [] },
      { traceparent: `${traceparent}x`.repeat(2000), 'x-request-id': 'a'.repeat(100_000) },
      { traceparent: `${traceparent}\r\n`, 'x-request-id': 'a\u0000b', 'x-session-id': 'a\u001b' },
      JSON.parse(`{ "__proto__": { "traceparent": "${traceparent}", "x-request-id": "evil" } }`),
      { constructor: { traceparent }, toString: 1 },
    ];
    const first = 500;
    await queue.addBulk(
      carriers.map((carrier, i) => ({
        name: 'plain',
        data: { n: first + i },
        opts: { [CARRIER]: carrier } as JobOptions,
      })),
    );
    for (const i of carriers.keys()) {
      const [processed] = await ofTask(first + i, 'processed');
      const [line] = await finished(String(processed?.trace_id), 1);
      expect(line).toMatchObject({ outcome: 'completed', attempt: 1 });
      expect(line).not.toHaveProperty('parent_span_id');
      expect(line?.trace_id).not.toBe('a'.repeat(32));
      expect(line?.request_id).toMatch(/^[0-9a-f-]{36}$/);
    }
    expect(worker.stderr).toBe('');
    await queue.close();
  });

  it('adds jobs that a service without tracing processes', async () => {
    const PREFIX = `${env.PREFIX}-foreign`;
    const sender = await ServiceProcess.start(GATEWAY, { ...env, PREFIX });
    const queue: Queue = new Bull('email', redis.url, { prefix: PREFIX });
    const processed = new Promise<unknown>((resolve) => {
      void queue.process('plain', 1, ({ data, opts }) => {
        resolve({ data: data as unknown, attempts: opts.attempts });
        return Promise.resolve();
      });
    });
    await add('plain', { n: 1 }, { attempts: 3 }, sender);
    expect(await processed).toEqual({ data: { n: 1 }, attempts: 3 });
    await queue.close();
    await sender.stop();
  }, 20_000);
});
