import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, type Line } from '../../support/line-sink.js';
import { ServiceProcess, untilTrees } from '../../support/service-process.js';
import { SqsServer, type StoredAttribute } from '../../support/sqs-server.js';

const MESSAGES = 200;
const TRACE = '0af7651916cd43dd8448eb211c80319c';

let server: SqsServer;
let gateway: ServiceProcess;
let worker: ServiceProcess;
let lastN = 0;

beforeAll(async () => {
  server = await SqsServer.start();
  const env = { SQS_URL: server.url };
  [gateway, worker] = await Promise.all([
    ServiceProcess.start('test/instrumentation/sqs/sqs-gateway.service.ts', env),
    ServiceProcess.start('test/instrumentation/sqs/sqs-worker.service.ts', env),
  ]);
}, 90_000);

afterAll(async () => {
  await Promise.all([gateway.stop(), worker.stop()]);
  server.close();
});

interface Sent {
  traceId: string;
  spanId: string;
  error?: string;
  isUnchanged: boolean;
}

interface Sending {
  via?: 'service' | 'command' | 'batch' | 'callback';
  queue?: string;
  tasks?: object[];
  size?: number;
  attributes?: Record<string, StoredAttribute>;
  headers?: Record<string, string>;
}

async function send({ tasks, headers, ...sending }: Sending): Promise<Sent> {
  const bodies = tasks?.map((task) => JSON.stringify(task));
  const response = await fetch(`${String(gateway.ready['url'])}/send`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ via: 'command', queue: 'mail', bodies, ...sending }),
  });
  expect(response.status).toBe(201);
  return (await response.json()) as Sent;
}

async function workerLines(isWanted: (line: Line) => boolean, count: number): Promise<Line[]> {
  const found = (): Line[] => worker.lines.filter(isWanted);
  await eventually(
    () => found().length >= count,
    `${count} lines, found ${JSON.stringify(found())}\n${worker.stderr}`,
  );
  return found();
}

const isEnd = (line: Line): boolean => line.message === 'Message finished';
const ends = (traceId: string, count = 1): Promise<Line[]> =>
  workerLines((line) => isEnd(line) && line.trace_id === traceId, count);

/** The lines of both processes, once the request has ended and its spans have come. */
async function linesOfTrace(traceId: string): Promise<Line[]> {
  const found = (): Line[] =>
    [...gateway.lines, ...worker.lines].filter((line) => line.trace_id === traceId);
  await eventually(
    () => found().some(({ message }) => message === 'Request finished'),
    () => `the request, found ${JSON.stringify(found())}`,
  );
  await untilTrees(found, traceId);
  return found();
}

const string = (StringValue: string): StoredAttribute => ({ DataType: 'String', StringValue });

/** Puts a message into a queue as a sender without tracing does. */
function put(
  queue: string,
  n: number,
  attributes: object,
  system: Record<string, string> = {},
): void {
  server.messages(queue).push({
    MessageId: String(n),
    Body: JSON.stringify({ n }),
    MessageAttributes: attributes as Record<string, StoredAttribute>,
    SystemAttributes: system,
    ReceiveCount: 0,
    ReceiptHandle: '',
    visibleAt: 0,
  });
}

describe('a message of SQS', () => {
  it.each(['service', 'command', 'batch', 'callback'] as const)(
    'continues the trace of the request that sent it by %s',
    async (via) => {
      const n = ++lastN;
      const { traceId, spanId, isUnchanged } = await send({ via, tasks: [{ n }] });
      expect(isUnchanged).toBe(true);
      const [end] = await ends(traceId);
      await workerLines((line) => line['n'] === n && line.message === 'on processed', 1);
      expect(end).toMatchObject({
        level: 'info',
        transport: 'sqs',
        queue: 'mail',
        attempt: 1,
        handler: 'MailHandler.handle',
        outcome: 'completed',
      });
      const own = worker.lines.filter((line) => line['n'] === n);
      expect(own.map(({ message }) => message)).toEqual([
        'on received',
        'processing',
        'processed',
        'on processed',
      ]);
      for (const line of own) {
        expect(line).toMatchObject({ trace_id: traceId, span_id: end?.span_id });
      }
      const lines = await linesOfTrace(traceId);
      const request = lines.find(({ message }) => message === 'Request finished');
      expect(request).toMatchObject({ span_id: spanId, sent: ['sqs mail'] });
      expect(end).toMatchObject({
        request_id: request?.request_id,
        session_id: request?.session_id,
        parent_span_id: lines.find((line) => line['kind'] === 'producer')?.span_id,
      });
    },
  );

  it('is traced where sqs-consumer is used directly, and where its handler sends another', async () => {
    const n = ++lastN;
    const { traceId } = await send({
      tasks: [{ n, isChain: true }],
      attributes: { own: string('x') },
    });
    const found = await ends(traceId, 2);
    expect(found.map(({ queue }) => queue)).toEqual(['mail', 'direct']);
    await linesOfTrace(traceId);
  });

  it('asks for what carries the trace beside what the application asks for', () => {
    expect(server.asked.get('direct')).toMatchObject({
      MessageAttributeNames: expect.arrayContaining(['own', 'traceparent', 'x-request-id']),
      MessageSystemAttributeNames: ['AWSTraceHeader', 'ApproximateReceiveCount'],
    });
  });

  it('keeps its trace while it fails, with a line for each attempt', async () => {
    const n = ++lastN;
    const { traceId } = await send({ tasks: [{ n, failures: 1 }] });
    const [failed, completed] = await ends(traceId, 2);
    expect(failed).toMatchObject({
      level: 'error',
      attempt: 1,
      outcome: 'errored',
      error: { name: 'Error', message: `not yet ${n}` },
    });
    expect(completed).toMatchObject({ attempt: 2, outcome: 'completed' });
    const [reported] = await workerLines(
      (line) => line['n'] === n && line.message === 'on error',
      1,
    );
    expect(reported).toMatchObject({ trace_id: traceId, span_id: failed?.span_id });
  });

  it('is errored when its handler takes too long', async () => {
    const n = ++lastN;
    const { traceId } = await send({ queue: 'direct', tasks: [{ n, sleepMs: 3500 }] });
    const [end] = await ends(traceId);
    expect(end).toMatchObject({ outcome: 'errored', error: { name: 'TimeoutError' } });
    const [line] = await workerLines((one) => one['n'] === n && one.message === 'on timeout', 1);
    expect(line).toMatchObject({ trace_id: traceId, span_id: end?.span_id });
    server.queues.set('direct', []);
  });

  it('understands the header of AWS', async () => {
    const n = ++lastN;
    const root = `Root=1-${TRACE.slice(0, 8)}-${TRACE.slice(8)};Parent=53995c3f42cd8ad8;Sampled=1`;
    put('mail', n, {}, { AWSTraceHeader: root });
    const [end] = await ends(TRACE);
    expect(end).toMatchObject({ parent_span_id: '53995c3f42cd8ad8' });
  });

  const HOSTILE: Record<string, StoredAttribute>[] = [
    { traceparent: string(`00-${'f'.repeat(5000)}-01`), 'x-request-id': string('a b\u0007') },
    {
      traceparent: {
        DataType: 'Binary',
        BinaryValue: Buffer.from('\u0000\u0001').toString('base64'),
      },
    },
    { 'x-request-id': { DataType: 'Number', StringValue: '1\n2' }, 'x-session-id': string('<b>') },
    { __proto__: string('x'), constructor: string('y') },
    { traceparent: { DataType: 'String' } },
  ];
  it.each(HOSTILE)('adopts nothing of %j', async (attributes) => {
    const n = ++lastN;
    put('mail', n, attributes, { AWSTraceHeader: 'Root=1-zz;Root=2' });
    const [line] = await workerLines((one) => one['n'] === n && one.message === 'processed', 1);
    expect(line?.trace_id).toMatch(/^[0-9a-f]{32}$/);
    expect(line?.trace_id).not.toBe('f'.repeat(32));
    expect(line?.request_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(line?.session_id).toMatch(/^[0-9a-f-]{36}$/);
    const [end] = await ends(String(line?.trace_id));
    expect(end).not.toHaveProperty('parent_span_id');
  });

  it('is never refused because of the trace', async () => {
    const full = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`a${i}`, string('x')]));
    const n = ++lastN;
    server.queues.set('unread', []);
    const none = await send({ tasks: [{ n }], attributes: full(10) });
    const some = await send({ tasks: [{ n: ++lastN }], attributes: full(9) });
    const large = await send({ queue: 'unread', size: 1_048_576 - 10 });
    const tooLarge = await send({ queue: 'unread', size: 1_048_577 });
    expect([none.error, some.error, large.error]).toEqual([undefined, undefined, undefined]);
    expect(tooLarge.error).toBeDefined();
    expect(server.messages('unread').map((one) => one.MessageAttributes)).toEqual([{}]);
    await ends(some.traceId);
    const [line] = await workerLines((one) => one['n'] === n && one.message === 'processed', 1);
    expect(line?.trace_id).not.toBe(none.traceId);
  });
});

describe('a batch of messages of SQS', () => {
  it('continues their trace where they have one', async () => {
    const ns = [++lastN, ++lastN, ++lastN];
    const { traceId } = await send({ via: 'batch', queue: 'batch', tasks: ns.map((n) => ({ n })) });
    const [end] = await ends(traceId);
    expect(end).toMatchObject({
      queue: 'batch',
      batch_size: 3,
      handler: 'MailHandler.handleBatch',
    });
    const [line] = await workerLines(
      (one) => Array.isArray(one['ns']) && one.trace_id === traceId,
      1,
    );
    expect(line).toMatchObject({ ns, span_id: end?.span_id });
  });

  it('has a trace of its own where they have several, which its line names', async () => {
    const traceparents = [1, 2].map((n) => `00-${String(n).repeat(32)}-${'b'.repeat(16)}-01`);
    const ns = traceparents.map((value) => {
      put('batch', ++lastN, { traceparent: string(value) });
      return lastN;
    });
    const [line] = await workerLines((one) => String(one['ns']) === String(ns), 1);
    const [end] = await ends(String(line?.trace_id));
    expect(end).toMatchObject({
      batch_size: 2,
      linked_traces: ['1'.repeat(32), '2'.repeat(32)],
    });
    expect(end).not.toHaveProperty('parent_span_id');
  });

  it('is errored as a whole', async () => {
    const { traceId } = await send({ queue: 'batch', tasks: [{ n: ++lastN, failures: 1 }] });
    const [end] = await ends(traceId);
    expect(end).toMatchObject({ outcome: 'errored', error: { message: 'no batch' }, attempt: 1 });
    const [line] = await workerLines((one) => one.message === 'on batch error', 1);
    expect(line).toMatchObject({ trace_id: traceId, span_id: end?.span_id });
    server.queues.set('batch', []);
  });
});

it(`${MESSAGES} interleaved messages have the ids of their requests`, async () => {
  const sent = await Promise.all(
    Array.from({ length: MESSAGES }, async (_, i) => {
      const n = 10_000 + i;
      const via = (['service', 'command', 'batch', 'callback'] as const)[i % 4]!;
      const queue = i % 3 === 0 ? 'direct' : 'mail';
      const headers = { 'x-request-id': `request-${n}`, 'x-session-id': `session-${n}` };
      const { traceId } = await send({ via, queue, tasks: [{ n, sleepMs: i % 13 }], headers });
      return { n, traceId };
    }),
  );
  const wanted = new Set(sent.map(({ traceId }) => traceId));
  expect(wanted.size).toBe(MESSAGES);
  await workerLines((line) => isEnd(line) && wanted.has(line.trace_id), MESSAGES);
  for (const { n, traceId } of sent) {
    const own = worker.lines.filter((line) => line['n'] === n);
    expect(own.length).toBeGreaterThanOrEqual(2);
    for (const line of own) {
      expect(line).toMatchObject({
        trace_id: traceId,
        request_id: `request-${n}`,
        session_id: `session-${n}`,
      });
    }
    expect(worker.lines.filter((line) => isEnd(line) && line.trace_id === traceId)).toHaveLength(1);
  }
}, 60_000);
