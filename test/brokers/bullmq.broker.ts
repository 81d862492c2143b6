import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Queue, type FlowJob, type JobsOptions } from 'bullmq';
import { eventually, type Line } from '../support/line-sink.js';
import { ServiceProcess, untilTrees } from '../support/service-process.js';
import { accessTo } from './servers/access.js';
import { deleteKeys } from './servers/delete-keys.js';

const redis = accessTo('redis');
const GATEWAY = 'test/brokers/services/queue-gateway.ts';
const WORKER = 'test/brokers/services/queue-worker.ts';

interface Added {
  traceId: string;
  ids: string[];
  isUnchanged?: boolean;
}

redis.describe('BullMQ', () => {
  const env = { REDIS_URL: redis.url, PREFIX: `nestjs-tracing-${process.pid}`, CONCURRENCY: '50' };
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

  function rawQueue(): Queue {
    return new Queue('email', { connection: { url: redis.url }, prefix: env.PREFIX });
  }

  async function post(path: string, body: object, to = gateway): Promise<Added> {
    const response = await fetch(`${String(to.ready['url'])}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(201);
    return (await response.json().catch(() => undefined)) as Added;
  }

  const add = (name: string, data: object, opts?: JobsOptions): Promise<Added> =>
    post('add', { name, data, opts });

  /** The lines of both processes for which something holds, once there are that many. */
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
      const { traceId } = await add('progress', data);
      const [line] = await finished(traceId, 1);
      await ofTask(1, 'on completed');

      expect(line).toMatchObject({
        transport: 'bullmq',
        queue: 'email',
        job: 'progress',
        attempt: 1,
        handler: 'EmailProcessor.process',
        outcome: 'completed',
      });
      const own = worker.lines.filter(({ n }) => n === 1);
      expect(own.map(({ message }) => message)).toEqual([
        'on active',
        'processing',
        'mailed',
        'on progress',
        'processed',
        'on completed',
      ]);
      for (const key of ['trace_id', 'request_id', 'session_id', 'span_id']) {
        expect(new Set(own.map((one) => one[key]))).toEqual(new Set([line?.[key]]));
      }
      expect(own[1]?.['data']).toEqual(data);
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

    it('that adds a job passes its trace on', async () => {
      const { traceId } = await add('chain', { n: 2 });
      const lines = await finished(traceId, 2);
      expect(new Set(lines.map(({ queue }) => queue))).toEqual(new Set(['email', 'ledger']));
      await untilTrees(allLines, traceId);
    });

    it('keeps its trace while it is delayed', async () => {
      const { traceId } = await add('plain', { n: 3 }, { delay: 200 });
      expect(await finished(traceId, 1)).toHaveLength(1);
      await untilTrees(allLines, traceId);
    });

    it('runs in a context of its own when a request-scoped class processes it', async () => {
      const { traceId } = await post('add-scoped', { name: 'plain', data: { n: 4 } });
      const [line] = await finished(traceId, 1);
      expect(line).toMatchObject({ handler: 'ScopedProcessor.process', queue: 'scoped' });
      expect((await ofTask(4, 'scoped'))[0]).toMatchObject({ trace_id: traceId });
    });

    it('that was added outside of every request has a trace of its own', async () => {
      await post('add-outside', { name: 'plain', data: { n: 5 } });
      const [line] = await ofTask(5, 'processed');
      const [end] = await finished(String(line?.trace_id), 1);
      expect(end).not.toHaveProperty('parent_span_id');
      expect(await producerSpans(String(line?.trace_id))).toEqual([]);
    });
  });

  describe('several jobs added at once', () => {
    it('are children of one span', async () => {
      const jobs = [1, 2, 3].map((i) => ({ name: `bulk ${i}`, data: { n: 100 + i } }));
      const { traceId } = await post('bulk', { jobs });
      const lines = await finished(traceId, 3);
      const [span, ...others] = await producerSpans(traceId);
      expect(others).toEqual([]);
      expect(span).toMatchObject({ name: 'addBulk email', 'messaging.batch.message_count': 3 });
      expect(new Set(lines.map((line) => line['parent_span_id']))).toEqual(
        new Set([span?.span_id]),
      );
      expect(new Set(lines.map(({ span_id }) => span_id)).size).toBe(3);
    });

    it('as a flow carry the trace down to the last child', async () => {
      const flow: FlowJob = {
        name: 'parent',
        queueName: 'email',
        data: { n: 110 },
        children: [
          {
            name: 'child',
            queueName: 'ledger',
            data: { n: 111 },
            opts: { attempts: 2 },
            children: [{ name: 'grandchild', queueName: 'email', data: { n: 112 } }],
          },
          { name: 'second', queueName: 'ledger', data: { n: 113 } },
        ],
      };
      const { traceId, isUnchanged } = await post('flow', flow);
      const lines = await finished(traceId, 4);
      expect(new Set(lines.map(({ job }) => job))).toEqual(
        new Set(['child', 'grandchild', 'parent', 'second']),
      );
      expect(isUnchanged).toBe(true);
      expect(await producerSpans(traceId)).toHaveLength(1);
    });

    it('as several flows do, too', async () => {
      const flows = [1, 2].map((i) => ({
        name: `flow ${i}`,
        queueName: 'email',
        children: [{ name: `child ${i}`, queueName: 'ledger', data: {} }],
      }));
      const { traceId } = await post('flows', { flows });
      expect(await finished(traceId, 4)).toHaveLength(4);
      await untilTrees(allLines, traceId);
    });
  });

  describe('an attempt', () => {
    it('is a span and a line of its own, in the same trace', async () => {
      const { traceId } = await add('flaky', { n: 20, failures: 2 }, { attempts: 3, backoff: 10 });
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

    it('that fails for good ends once', async () => {
      const { traceId } = await add('broken', { n: 21, failures: 1 });
      await ofTask(21, 'on failed');
      const lines = await finished(traceId, 1);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatchObject({ level: 'error', outcome: 'errored', attempt: 1 });
    });

    it('that puts its job back has not failed', async () => {
      const { traceId } = await add('later', { n: 22 });
      const lines = await finished(traceId, 2);
      expect(lines.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
        [1, 'completed'],
        [2, 'completed'],
      ]);
    });

    it('follows one whose worker died', async () => {
      const doomed = await ServiceProcess.start(WORKER, { ...env, PREFIX: `${env.PREFIX}-doomed` });
      const sender = await ServiceProcess.start(GATEWAY, {
        ...env,
        PREFIX: `${env.PREFIX}-doomed`,
      });
      const gone = new Promise((resolve) => doomed.child.once('close', resolve));
      const { traceId } = await post('add', { name: 'die', data: { n: 23, sleepMs: 50 } }, sender);
      await gone;
      const heir = await ServiceProcess.start(WORKER, {
        ...env,
        PREFIX: `${env.PREFIX}-doomed`,
        IMMORTAL: '1',
      });
      const [line, ...others] = await finished(traceId, 1, [heir]);
      expect(others).toEqual([]);
      expect(line).toMatchObject({ attempt: 2, outcome: 'completed' });
      const before = doomed.lines.find(({ message }) => message === 'processing');
      expect(before).toMatchObject({ trace_id: traceId });
      expect(before?.span_id).not.toBe(line?.span_id);
      await untilTrees(() => [...sender.lines, ...doomed.lines, ...heir.lines], traceId);
      await Promise.all([sender.stop(), heir.stop()]);
    }, 20_000);
  });

  it('gives each run of a scheduled job a trace of its own', async () => {
    const { traceId } = await post('schedule/nightly', {
      name: 'nightly',
      data: { n: 30 },
      // As in options that were copied from another job.
      opts: { 'nestjs-tracing': { traceparent: `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01` } },
      repeat: { every: 100 },
    });
    const runs = await linesWhere(
      ({ job, message }) => job === 'nightly' && message.startsWith('Job'),
      3,
    );
    await post('unschedule/nightly', {});
    const traces = runs.map(({ trace_id }) => trace_id);
    expect(new Set([...traces, traceId, 'c'.repeat(32)]).size).toBe(runs.length + 2);
    expect(runs.every((line) => !('parent_span_id' in line))).toBe(true);
  });

  it('creates no context for events that are about no job', async () => {
    await add('plain', { n: 40 });
    const drained = await linesWhere(({ message }) => message === 'on drained', 1);
    const events = await linesWhere(({ message }) => message === 'queue event', 1);
    expect(new Set([...drained, ...events].map(({ trace_id }) => trace_id))).toEqual(
      new Set(['-']),
    );
  });

  it('keeps 200 interleaved jobs apart', async () => {
    const added = await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        add('plain', { n: 1000 + i, sleepMs: (i * 7) % 40, failures: i % 10 === 0 ? 1 : 0 }),
      ),
    );
    const ids = added.map(({ traceId }) => traceId);
    expect(new Set(ids).size).toBe(200);
    await linesWhere((line) => line.message === 'Job finished' && ids.includes(line.trace_id), 200);
    await linesWhere(({ n, message }) => Number(n) >= 1000 && /^on (?:c|f)/.test(message), 200);
    const own = worker.lines.filter(({ n }) => Number(n) >= 1000);
    expect(own.length).toBeGreaterThanOrEqual(800);
    const strays = own.filter((line) => line.trace_id !== ids[Number(line['n']) - 1000]);
    expect(strays.map(({ n, message }) => `${Number(n)} ${message}`)).toEqual([]);
    await untilTrees(allLines, ...ids);
  }, 20_000);

  it('ignores metadata that is not valid', async () => {
    const queue = rawQueue();
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const carriers: unknown[] = [
      'text',
      7,
      null,
      true,
      [],
      [traceparent],
      { traceparent: 7, 'x-request-id': {}, 'x-session-id': [] },
      { traceparent: `${traceparent}x`.repeat(2000), 'x-request-id': 'a'.repeat(100_000) },
      {
        traceparent: `${traceparent}\r\n`,
        'x-request-id': 'a\u0000b',
        'x-session-id': 'a\u001b[0m',
      },
      JSON.parse(`{ "__proto__": { "traceparent": "${traceparent}", "x-request-id": "evil" } }`),
      { constructor: { traceparent }, toString: 1 },
    ];
    await queue.addBulk(
      carriers.map((carrier, i) => ({
        name: 'hostile',
        data: { n: 500 + i },
        opts: { 'nestjs-tracing': carrier } as JobsOptions,
      })),
    );
    const isHostile = ({ job, message }: Line): boolean =>
      job === 'hostile' && message === 'Job finished';
    const lines = await linesWhere(isHostile, carriers.length);
    expect(lines).toHaveLength(carriers.length);
    expect(new Set(lines.map(({ trace_id }) => trace_id)).size).toBe(carriers.length);
    for (const line of lines) {
      expect(line).toMatchObject({ outcome: 'completed', attempt: 1 });
      expect(line).not.toHaveProperty('parent_span_id');
      expect(line.trace_id).not.toBe('a'.repeat(32));
      expect(line.request_id).toMatch(/^[0-9a-f-]{36}$/);
    }
    expect(worker.stderr).toBe('');
    await queue.close();
  });

  it("leaves BullMQ's own telemetry to the application that uses it", async () => {
    const own = { ...env, PREFIX: `${env.PREFIX}-telemetry`, TELEMETRY: '1' };
    const [sender, receiver] = await Promise.all([
      ServiceProcess.start(GATEWAY, own),
      ServiceProcess.start(WORKER, own),
    ]);
    const { traceId } = await post('add', { name: 'plain', data: { n: 60 } }, sender);
    await post('bulk', { jobs: [{ name: 'bulk', data: { n: 61 } }] }, sender);
    await post('flow', { name: 'flow', queueName: 'email', data: { n: 62 }, opts: {} }, sender);
    await receiver.linesOf('Job finished', 3);
    const given = receiver.lines.filter(({ message }) => message === 'telemetry');
    expect(new Set(given.map(({ metadata }) => metadata).filter(Boolean))).toEqual(
      new Set(['of add email.plain', 'of addBulk email', 'of addNode email']),
    );
    expect(await finished(traceId, 1, [receiver])).toHaveLength(1);
    await Promise.all([sender.stop(), receiver.stop()]);
  }, 20_000);

  redis.describeRestart('when Redis is stopped and started', () => {
    it('loses neither a job that waits nor the next', async () => {
      const before = await add('plain', { n: 70 }, { delay: 1500 });
      await redis.stop();
      await redis.start();
      const after = await add('plain', { n: 71 });
      for (const { traceId } of [before, after]) {
        expect(await finished(traceId, 1)).toHaveLength(1);
        await untilTrees(allLines, traceId);
      }
    }, 30_000);
  });
});
