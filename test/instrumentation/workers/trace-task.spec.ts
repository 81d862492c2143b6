import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject, Query } from '@nestjs/common';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { BroadcastChannel, Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { TraceContext, traceFields, traceTask } from '../../../src/index.js';
import { carryData } from '../../../src/trace/carried-data.js';
import { compiledProgram } from '../../support/compiled-program.js';
import { eventually, type Line } from '../../support/line-sink.js';
import { PLATFORMS, tracedApp } from '../../support/traced-app.js';

const REQUESTS = 200;
const filename = compiledProgram('test/instrumentation/workers/traced-tasks.worker.ts');
const pool = new Piscina({ filename, minThreads: 2, maxThreads: 2, concurrentTasksPerWorker: 20 });
const fromThreads: Line[] = [];
const channel = new BroadcastChannel('lines');
channel.addEventListener('message', (event) => {
  fromThreads.push(JSON.parse((event as Event & { data: string }).data) as Line);
});

beforeEach(() => {
  fromThreads.length = 0;
});

afterAll(async () => {
  channel.close();
  await pool.destroy();
});

/** What the task `echo` returns. */
interface Echoed {
  data: unknown;
  isBytes: boolean;
  length: number;
  ids: Record<string, unknown>;
}

/** What the current request does. */
let work: (trace: TraceContext, n: number) => unknown;

@Controller()
class Pictures {
  constructor(@Inject(TraceContext) private readonly trace: TraceContext) {}

  @Get()
  async get(@Query('n') n: string): Promise<unknown> {
    const result = await work(this.trace, Number(n));
    return { result, traceId: this.trace.traceId, spanId: this.trace.spanId };
  }
}

interface Answer<T> {
  result: T;
  traceId: string;
  spanId: string;
}

async function linesFromThreads(isWanted: (line: Line) => boolean, count: number): Promise<Line[]> {
  const found = (): Line[] => fromThreads.filter(isWanted);
  await eventually(() => found().length >= count, `${count} lines of threads`);
  return found();
}

describe.each(PLATFORMS)('traceTask, for a request on %s', (platform) => {
  const app = () =>
    tracedApp(platform)
      .of({ controllers: [Pictures] })
      .start();

  it('runs each task of a pool in the trace of its request', async () => {
    const { send, sink } = await app();
    work = async (trace, n) => {
      await sleep(n % 7);
      return pool.run(trace.carry({ n, sleepMs: n % 11 })) as Promise<unknown>;
    };
    const answers = await Promise.all(
      Array.from({ length: REQUESTS }, async (_, n) => {
        const headers = { 'x-request-id': `request-${n}`, 'x-session-id': `session-${n}` };
        const response = await send(`/?n=${n}`, { headers });
        return (await response.json()) as Answer<{ result: number; traceId: string }>;
      }),
    );
    await sink.finishes(REQUESTS);
    const ends = await linesFromThreads(({ message }) => message === 'Run finished', REQUESTS);

    expect(new Set(answers.map(({ traceId }) => traceId)).size).toBe(REQUESTS);
    answers.forEach(({ result, traceId, spanId }, n) => {
      expect(result).toEqual({ result: 2 * n, traceId });
      const own = fromThreads.filter((line) => line.trace_id === traceId);
      expect(own.map(({ message }) => message)).toEqual([
        'resizing',
        'span',
        'resized',
        'Run finished',
      ]);
      const [resizing, span, resized, end] = own;
      const ids = { request_id: `request-${n}`, session_id: `session-${n}` };
      expect(resizing).toMatchObject({ ...ids, n, span_id: span?.span_id });
      expect(span).toMatchObject({ name: 'resize', parent_span_id: end?.span_id });
      expect(resized).toMatchObject({ ...ids, n, span_id: end?.span_id });
      expect(end).toMatchObject({
        ...ids,
        parent_span_id: spanId,
        transport: 'worker_threads',
        job: 'resize picture',
        outcome: 'completed',
      });
    });
    expect(new Set(ends.map(({ span_id: id }) => id)).size).toBe(REQUESTS);
  });

  it('has the span of the caller as its parent, and a trace id that is no W3C id', async () => {
    const { send } = await app();
    let spanId: string | undefined;
    work = (trace) =>
      trace.span('make thumbnail', () => {
        spanId = trace.spanId;
        return trace.run({ traceId: 'order/17', sessionId: 's-1' }, async () => {
          const inner: unknown = await pool.run(trace.carry({ n: 1 }));
          return { inner, runId: trace.spanId };
        });
      });
    const { result } = (await (await send('/')).json()) as Answer<{
      inner: { traceId: string };
      runId: string;
    }>;
    expect(result.inner.traceId).toBe('order/17');
    const [end] = await linesFromThreads(({ message }) => message === 'Run finished', 1);
    expect(end).toMatchObject({
      trace_id: 'order/17',
      session_id: 's-1',
      parent_span_id: result.runId,
    });
    expect(spanId).toMatch(/^[0-9a-f]{16}$/);
  });

  it('passes data on as it was given', async () => {
    const { send } = await app();
    const values: unknown[] = [
      { a: [1, { b: null }], 'nestjs-tracing': {}, data: 1 },
      [1, 'two', null],
      'text',
      0,
      false,
      null,
      undefined,
      12n,
      new Map([[{ k: 1 }, new Set([1])]]),
      new Date(0),
      { 'nestjs-tracing': { traceparent: 'x' }, data: 'theirs' },
    ];
    const seen: unknown[] = [];
    work = async (trace) => {
      for (const value of values) {
        seen.push(((await pool.run(trace.carry(value), { name: 'echo' })) as Echoed).data);
      }
    };
    expect((await send('/')).status).toBe(200);
    expect(seen).toEqual(values);
  });

  it('leaves transferred data to the pool', async () => {
    const { send } = await app();
    const listed = new Uint8Array([1, 2, 3]);
    const moved = new Uint8Array([4, 5]);
    const seen: Echoed[] = [];
    work = async (trace) => {
      const options = { name: 'echo', transferList: [listed.buffer] };
      seen.push((await pool.run(trace.carry({ listed }), options)) as Echoed);
      seen.push((await pool.run(trace.carry(Piscina.move(moved)), { name: 'echo' })) as Echoed);
      return trace.traceId;
    };
    const { traceId } = (await (await send('/')).json()) as Answer<string>;
    expect(seen.map(({ data }) => data)).toEqual([
      { listed: new Uint8Array([1, 2, 3]) },
      new Uint8Array([4, 5]),
    ]);
    expect(seen.map(({ ids }) => ids['trace_id'])).toEqual([traceId, traceId]);
    expect([listed.byteLength, moved.byteLength]).toEqual([0, 0]);
  });

  it('throws what the task throws, with the error on the line of its run', async () => {
    const { send } = await app();
    work = async (trace, n) =>
      (pool.run(trace.carry({ n }), { name: 'fail' }) as Promise<unknown>).catch(
        ({ name, message }: Error) => ({ name, message }),
      );
    const { result, traceId } = (await (await send('/?n=7')).json()) as Answer<object>;
    expect(result).toEqual({ name: 'RangeError', message: 'no picture 7' });
    const [end] = await linesFromThreads(({ message }) => message === 'Run finished', 1);
    expect(end).toMatchObject({
      trace_id: traceId,
      level: 'error',
      outcome: 'errored',
      error: { name: 'RangeError', message: 'no picture 7', code: 'ENOPICTURE' },
    });
  });

  it('serves a thread that is talked to by hand', async () => {
    const { send } = await app();
    const worker = new Worker(filename, { workerData: { byHand: true } });
    work = async (trace) => {
      const bytes = new Uint8Array([9]);
      worker.postMessage(trace.carry({ bytes }), [bytes.buffer]);
      const [{ reply }] = (await once(worker, 'message')) as [{ reply: Echoed }];
      return reply;
    };
    const { result, traceId } = (await (await send('/')).json()) as Answer<Echoed>;
    await worker.terminate();
    expect(result).toMatchObject({ data: { bytes: { 0: 9 } }, ids: { trace_id: traceId } });
  });

  it.each(['json', 'advanced'] as const)('serves a forked process, %s', async (serialization) => {
    const { send } = await app();
    const child = fork(filename, { serialization, execArgv: [] });
    const lines: Line[] = [];
    const replies: Echoed[] = [];
    child.on('message', (message: { reply?: Echoed; line?: string }) => {
      if (message.line !== undefined) lines.push(JSON.parse(message.line) as Line);
      if (message.reply !== undefined) replies.push(message.reply);
    });
    work = async (trace) => {
      for (const data of [{ list: [1, null] }, 'text', undefined]) child.send(trace.carry(data));
      await eventually(() => replies.length === 3, 'three replies');
    };
    const { traceId } = (await (await send('/')).json()) as Answer<unknown>;
    await eventually(() => lines.filter((line) => line['job'] === 'answer').length === 3, 'lines');
    child.kill();
    expect(replies.map(({ data }) => data)).toEqual([{ list: [1, null] }, 'text', undefined]);
    expect(new Set(lines.map((line) => line.trace_id))).toEqual(new Set([traceId]));
    expect(lines.find((line) => line['job'] === 'answer')).toMatchObject({
      transport: 'child_process',
    });
  });

  it('runs in the application where one runs in the same thread', async () => {
    const { send, sink } = await app();
    work = (trace) => traceTask(() => traceFields().trace_id, { name: 'here' })(trace.carry(1));
    const { result, traceId } = (await (await send('/')).json()) as Answer<string>;
    expect(result).toBe(traceId);
    expect(sink.linesOf('Run finished')).toMatchObject([{ trace_id: traceId, job: 'here' }]);
  });

  it('runs in the current trace, without a line, where the data was not carried', async () => {
    const { send, sink } = await app();
    work = () => traceTask((data: number) => [data, traceFields().trace_id])(5);
    const { result, traceId } = (await (await send('/')).json()) as Answer<unknown>;
    expect(result).toEqual([5, traceId]);
    expect(sink.linesOf('Run finished')).toEqual([]);
  });
});

describe('traceTask, without an application', () => {
  const ids = traceTask((data: unknown) => {
    const { trace_id, request_id, session_id } = traceFields();
    return { data, trace_id, request_id, session_id };
  });

  it('opens a new trace for data that was not carried, or was carried outside of one', () => {
    const runs = [ids(1), ids(1), ids(carryData(1, {}))];
    expect(runs.map(({ data }) => data)).toEqual([1, 1, 1]);
    const traceIds = runs.map((run) => run.trace_id);
    expect(new Set(traceIds).size).toBe(3);
    for (const id of traceIds) expect(id).toMatch(/^[0-9a-f]{32}$/);
  });

  const NOT_CARRIED: unknown[] = [
    { 'nestjs-tracing': null, data: 1 },
    { 'nestjs-tracing': [], data: 1 },
    { 'nestjs-tracing': 'x', data: 1 },
    { 'nestjs-tracing': {}, data: 1, more: 2 },
    Object.create({ 'nestjs-tracing': {}, data: 1 }),
    JSON.parse('{"__proto__":{"nestjs-tracing":{}}}'),
  ];
  it.each(NOT_CARRIED)('takes %j for data', (value) => {
    expect(ids(value).data).toBe(value);
  });

  const HOSTILE: Record<string, unknown>[] = [
    { traceparent: 'x'.repeat(100_000) },
    { traceparent: ['00-1-2-01', '00-1-2-01'] },
    { 'x-request-id': 'a\nb', 'x-session-id': { toString: 'x' } },
    { 'x-trace-id': '\u0000', 'x-request-id': 1 },
    JSON.parse('{"__proto__":{"x-request-id":"stolen"}}') as Record<string, unknown>,
    { 'x-session-id': 'x'.repeat(129), constructor: 1, baggage: 'a=b\r\nx: y' },
  ];
  it.each(HOSTILE)('adopts nothing of %j', (headers) => {
    const run = ids({ 'nestjs-tracing': headers as Record<string, string>, data: 3 });
    expect(run.data).toBe(3);
    expect(run.trace_id).toMatch(/^[0-9a-f]{32}$/);
    expect(run.request_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(run.session_id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('keeps the name, the parameters, `this` and further arguments of the function', () => {
    const owner = { factor: 2, task: traceTask(multiply) };
    expect(owner.task(carryData(3, {}), 4)).toBe(24);
    expect([owner.task.name, owner.task.length]).toEqual(['multiply', 2]);
    function multiply(this: unknown, n: number, m: number): number {
      return n * m * (this as { factor: number }).factor;
    }
  });

  it.each([undefined, null, {}, 'x'])('refuses %j', (value) => {
    expect(() => traceTask(value as () => void)).toThrow(
      expect.objectContaining({ code: 'INVALID_TASK' }),
    );
  });
});

describe('traceTask, for a job in a process of its own', () => {
  const run = traceTask((_job: object) => traceFields());
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const opts = { attempts: 3, 'nestjs-tracing': { traceparent, 'x-request-id': 'r-1' } };

  afterEach(() => {
    opts['nestjs-tracing'] = { traceparent, 'x-request-id': 'r-1' };
  });

  it('continues the trace of a job of BullMQ or Bull', () => {
    const bullmq = { id: '1', name: 'send', queueName: 'email', attemptsMade: 0, data: {}, opts };
    const seen = run(bullmq);
    expect(seen).toMatchObject({
      trace_id: '0af7651916cd43dd8448eb211c80319c',
      request_id: 'r-1',
    });
    expect(bullmq.opts).toEqual({ attempts: 3 });
  });
});
