import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type MessagePropertyHeaders } from 'amqplib';
import { eventually, type Line } from '../support/line-sink.js';
import { ServiceProcess, untilTrees } from '../support/service-process.js';
import { accessTo } from './servers/access.js';
import { JSON_CARRIERS, TRACEPARENT } from './transport-cases.js';

const broker = accessTo('rabbitmq');
const GATEWAY = 'test/brokers/services/golevelup-gateway.ts';
const WORKER = 'test/brokers/services/golevelup-worker.ts';
const IDS = ['trace_id', 'request_id', 'session_id', 'span_id'];

interface Sent {
  traceId: string;
  answer?: unknown;
  isUnchanged?: boolean;
}

broker.describe('@golevelup/nestjs-rabbitmq', () => {
  const env = { BROKER_URL: broker.url, SCOPE: `golevelup-${process.pid}` };
  const exchange = `${env.SCOPE}.tasks`;
  let gateway: ServiceProcess;
  let worker: ServiceProcess;

  beforeAll(async () => {
    worker = await ServiceProcess.start(WORKER, env);
    gateway = await ServiceProcess.start(GATEWAY, env);
  }, 60_000);

  afterAll(() => Promise.all([gateway.stop(), worker.stop()]));

  async function post(path: string, body: object, to = gateway): Promise<Sent> {
    const response = await fetch(`${String(to.ready['url'])}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(201);
    return (await response.json()) as Sent;
  }

  const publish = (key: string, payload: object, options?: object): Promise<Sent> =>
    post('publish', { key, payload, options });
  const request = (key: string, payload: object, options?: object): Promise<Sent> =>
    post('request', { key, payload, options });

  async function linesWhere(isWanted: (line: Line) => boolean, count: number): Promise<Line[]> {
    const found = (): Line[] => [...gateway.lines, ...worker.lines].filter(isWanted);
    await eventually(
      () => found().length >= count,
      `${count} lines, found ${JSON.stringify(found(), null, 1)}\n${worker.stderr}`,
    );
    return found();
  }

  async function finished(traceId: string, count: number): Promise<Line[]> {
    const lines = await linesWhere(
      (line) => line.message === 'Message finished' && line.trace_id === traceId,
      count,
    );
    expect(lines).toHaveLength(count);
    return lines;
  }

  const requestLine = async (traceId: string): Promise<Line> =>
    (
      await linesWhere((one) => one.message === 'Request finished' && one.trace_id === traceId, 1)
    )[0]!;

  const workerLines = (n: number): Line[] => worker.lines.filter((line) => line['n'] === n);

  const allLines = (): Line[] => [...gateway.lines, ...worker.lines];

  describe('a message', () => {
    it('continues the trace of what published it, in all that handles it', async () => {
      const options = { headers: { own: 'header' } };
      const { traceId, isUnchanged } = await publish('task.7.created', { n: 1 }, options);
      expect(isUnchanged).toBe(true);
      const [line] = await finished(traceId, 1);
      expect(line).toMatchObject({
        transport: 'rabbitmq',
        pattern: `${exchange}/task.*.created`,
        handler: 'TasksConsumer.created',
        outcome: 'completed',
        attempt: 1,
        duration_ms: expect.any(Number),
      });
      const own = workerLines(1);
      expect(own.map(({ message }) => message)).toEqual([
        'guard',
        'interceptor',
        'pipe',
        'handling',
        'handled',
      ]);
      for (const key of IDS) {
        expect(new Set(own.map((one) => one[key]))).toEqual(new Set([line?.[key]]));
      }
      expect(own[3]).toMatchObject({ headers: { own: 'header' } });
      expect(Object.keys(own[3]?.['headers'] as object)).toEqual(['own']);
      const end = await requestLine(traceId);
      expect(end).toMatchObject({ sent: [`rabbitmq ${exchange}/task.7.created`] });
      expect(line).toMatchObject({ request_id: end.request_id, session_id: end.session_id });
      const [span] = await linesWhere(
        ({ kind, trace_id }) => kind === 'producer' && trace_id === traceId,
        1,
      );
      expect(span).toMatchObject({ name: `publish ${exchange}/task.7.created` });
      expect(line?.['parent_span_id']).toBe(span?.span_id);
      await untilTrees(allLines, traceId);
    });

    it('has the headers that a connection adds by default', async () => {
      const { traceId } = await publish('task.8.created', { n: 2 });
      await finished(traceId, 1);
      expect(workerLines(2)[3]).toMatchObject({ headers: { default: 'yes' } });
    });

    it('reaches a subscriber made by hand, on a channel of its own', async () => {
      const { traceId } = await publish('hand.made', { n: 3 });
      expect(await finished(traceId, 1)).toMatchObject([
        { handler: 'byHand', pattern: `${exchange}/hand.*`, outcome: 'completed' },
      ]);
      for (const line of workerLines(3)) expect(line.trace_id).toBe(traceId);
      await untilTrees(allLines, traceId);
    });

    it('to a queue is named after it', async () => {
      const { traceId } = await post('publish-to-queue', { key: 'hand', payload: { n: 4 } });
      await finished(traceId, 1);
      expect(await requestLine(traceId)).toMatchObject({ sent: [`rabbitmq ${env.SCOPE}.hand`] });
    });

    it('that publishes another passes its trace on, whatever headers it copies', async () => {
      const { traceId } = await publish('chain', { n: 5 }, { headers: { own: 1 } });
      const lines = await finished(traceId, 2);
      const [chain, hand] = ['chain', 'hand.*'].map((key) =>
        lines.find(({ pattern }) => pattern === `${exchange}/${key}`),
      );
      expect(chain).toMatchObject({ sent: [`rabbitmq ${exchange}/hand.chained`] });
      expect(hand?.['parent_span_id']).not.toBe(chain?.['parent_span_id']);
      await untilTrees(allLines, traceId);
    });

    it('that fails ends once, and the lines that tell of it have its ids', async () => {
      const { traceId } = await publish('task.9.created', { n: 6, fails: true });
      const [line] = await finished(traceId, 1);
      expect(line).toMatchObject({
        level: 'error',
        outcome: 'errored',
        error: { name: 'Error', message: '6' },
      });
      const told = worker.lines.filter(
        ({ message, level, trace_id }) =>
          level === 'error' && /Error processing message/.test(message) && trace_id === traceId,
      );
      expect(told).toMatchObject([{ span_id: line?.span_id }]);
      expect(workerLines(6).find(({ message }) => message === 'filter')).toMatchObject({
        span_id: line?.span_id,
      });
      await untilTrees(allLines, traceId);
    });

    it('that cannot be read fails likewise', async () => {
      const { traceId } = await post('publish-to-queue', { key: 'created', payload: {} });
      await finished(traceId, 1);
      await send('created', Buffer.from('{'), { traceparent: TRACEPARENT.replaceAll('a', 'c') });
      const [line] = await finished('c'.repeat(32), 1);
      expect(line).toMatchObject({ outcome: 'errored', error: { name: 'SyntaxError' } });
      const told = worker.lines.filter((one) => /Error processing/.test(one.message));
      expect(told.at(-1)).toMatchObject({ span_id: line?.span_id });
    });
  });

  describe('a request', () => {
    it('has a span until it is answered', async () => {
      const { traceId, answer } = await request('rpc.double', { n: 10 });
      expect(answer).toEqual({ doubled: 20, traceId });
      const [line] = await finished(traceId, 1);
      expect(line).toMatchObject({
        handler: 'TasksConsumer.double',
        pattern: `${exchange}/rpc.double`,
        outcome: 'completed',
      });
      expect(line).not.toHaveProperty('sent');
      const spans = await linesWhere(
        ({ kind, trace_id }) => trace_id === traceId && (kind === 'client' || kind === 'producer'),
        1,
      );
      expect(spans).toMatchObject([{ kind: 'client', name: `request ${exchange}/rpc.double` }]);
      expect(line?.['parent_span_id']).toBe(spans[0]?.span_id);
      expect(await requestLine(traceId)).toMatchObject({
        sent: [`rabbitmq ${exchange}/rpc.double`],
      });
      await untilTrees(allLines, traceId);
    });

    it('is matched by the header that the application has set for it', async () => {
      const options = { headers: { 'X-Request-ID': 'own-1' } };
      const { traceId, answer } = await request('rpc.double', { n: 11 }, options);
      expect(answer).toEqual({ doubled: 22, traceId });
    });

    it('to a shared queue names the handler that gets it', async () => {
      const { traceId, answer } = await request('rpc.shared.x', { n: 12 });
      expect(answer).toEqual({ shared: 12 });
      expect(await finished(traceId, 1)).toMatchObject([
        { handler: 'TasksConsumer.shared', pattern: `${exchange}/rpc.shared.*,rpc.other` },
      ]);
    });

    it('that fails is handled in its context', async () => {
      const { traceId, answer } = await request('rpc.double', { n: 13, fails: true });
      expect(answer).toMatch(/Failed to receive response/);
      const [line] = await finished(traceId, 1);
      expect(line).toMatchObject({ outcome: 'errored', error: { message: '13' } });
      const handled = worker.lines.find(({ message }) => message === 'error handler 13');
      expect(handled).toMatchObject({ trace_id: traceId, span_id: line?.span_id });
    }, 10_000);
  });

  describe('a message that is delivered again', () => {
    it.each([
      ['that a handler gives back', 'nack', ['completed', 'completed']],
      ['that an error handler gives back', 'requeue', ['errored', 'completed']],
    ])('has one line for each delivery: one %s', async (_, key, outcomes) => {
      const { traceId } = await publish(key, { n: 20 });
      const lines = await finished(traceId, 2);
      expect(lines.map(({ attempt }) => attempt)).toEqual([1, 2]);
      expect(lines.map(({ outcome }) => outcome)).toEqual(outcomes);
      expect(new Set(lines.map(({ span_id }) => span_id)).size).toBe(2);
      await untilTrees(allLines, traceId);
    });

    it('counts how often its queue has rejected it', async () => {
      const { traceId } = await publish('dead', { n: 21, rejections: 3 });
      const lines = await finished(traceId, 4);
      expect(lines.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
        [1, 'errored'],
        [2, 'errored'],
        [3, 'errored'],
        [4, 'completed'],
      ]);
      await untilTrees(allLines, traceId);
    });
  });

  describe('a batch', () => {
    it('is a run, and each of its messages ends in the trace of its sender', async () => {
      const sent = await Promise.all([30, 31, 32].map((n) => publish('batch', { n })));
      for (const { traceId } of sent) {
        expect(await finished(traceId, 1)).toMatchObject([
          { handler: 'TasksConsumer.batch', pattern: `${exchange}/batch`, outcome: 'completed' },
        ]);
        await untilTrees(allLines, traceId);
      }
      const [batch] = await linesWhere(
        ({ message, ns }) => message === 'batch' && (ns as number[]).includes(30),
        1,
      );
      expect(batch?.['ns']).toHaveLength(3);
      expect(sent.map(({ traceId }) => traceId)).not.toContain(batch?.trace_id);
      const [run] = await linesWhere(
        ({ message, span_id }) => message === 'Run finished' && span_id === batch?.span_id,
        1,
      );
      expect(run).toMatchObject({
        transport: 'rabbitmq',
        handler: 'TasksConsumer.batch',
        outcome: 'completed',
      });
    });

    it('of one message is in its trace', async () => {
      const { traceId } = await publish('batch', { n: 33, fails: true });
      const [line] = await finished(traceId, 1);
      expect(line).toMatchObject({ outcome: 'errored', error: { message: 'batch' } });
      const [told] = await linesWhere(
        ({ message, trace_id }) => /Error processing batch/.test(message) && trace_id === traceId,
        1,
      );
      expect(told?.level).toBe('error');
      expect(
        await linesWhere(
          ({ message, trace_id }) => message === 'Run finished' && trace_id === traceId,
          1,
        ),
      ).toMatchObject([{ outcome: 'errored' }]);
    });
  });

  it("leaves NestJS's own transport beside it as it is", async () => {
    const { traceId } = await post('nest', { payload: { n: 40 } });
    expect(await finished(traceId, 1)).toMatchObject([
      { transport: 'rabbitmq', pattern: `${env.SCOPE}.nest`, handler: 'NestController.event' },
    ]);
    expect(workerLines(40)).toMatchObject([{ trace_id: traceId }]);
    await untilTrees(allLines, traceId);
  });

  it('keeps 200 interleaved messages apart', async () => {
    const sent = await Promise.all(
      Array.from({ length: 200 }, (_, i) => {
        const payload = { n: 1000 + i, sleepMs: (i * 7) % 40, fails: i % 20 === 7 };
        if (i % 4 === 1) return request('rpc.shared.y', payload);
        return publish(`task.${i}.created`, payload);
      }),
    );
    const ids = sent.map(({ traceId }) => traceId);
    expect(new Set(ids).size).toBe(200);
    const ends = await linesWhere(
      ({ message, trace_id }) => message === 'Message finished' && ids.includes(trace_id),
      200,
    );
    expect(ends).toHaveLength(200);
    const own = worker.lines.filter(({ n }) => Number(n) >= 1000);
    expect(own.length).toBeGreaterThanOrEqual(800);
    expect(own.filter((line) => line.trace_id !== ids[Number(line['n']) - 1000])).toEqual([]);
    await untilTrees(allLines, ...ids);
  }, 30_000);

  async function send(queue: string, content: Buffer, headers: unknown): Promise<void> {
    const connection = await connect(broker.url);
    const channel = await connection.createConfirmChannel();
    channel.sendToQueue(`${env.SCOPE}.${queue}`, content, {
      headers: headers as MessagePropertyHeaders,
    });
    await channel.waitForConfirms();
    await connection.close();
  }

  it('adopts the trace of a sender that knows nothing of it, in whatever case', async () => {
    await send('created', Buffer.from('{"n":60}'), {
      traceparent: `00-${'e'.repeat(32)}-${'f'.repeat(16)}-01`,
      'X-Request-ID': 'from-elsewhere',
    });
    expect(await finished('e'.repeat(32), 1)).toMatchObject([
      { request_id: 'from-elsewhere', parent_span_id: 'f'.repeat(16) },
    ]);
  });

  it('ignores an invalid trace', async () => {
    const carriers = [
      ...JSON_CARRIERS.filter(
        (one) => typeof one === 'object' && one !== null && !Array.isArray(one),
      ).filter((one) => JSON.stringify(one).length < 65_536),
      { traceparent: { value: TRACEPARENT } },
      { traceparent: Buffer.from([0xff, 0xfe, 0x00]) },
      { traceparent: true, tracestate: null, baggage: 1.5 },
      { 'X-Request-ID': 'one', 'x-Request-Id': 'two' },
      { 'x-death': 'often', 'x-delivery-count': -1 },
      { 'x-death': [null, 7, { queue: `${env.SCOPE}.created`, reason: 'rejected', count: 1e9 }] },
    ];
    for (const [i, headers] of carriers.entries()) {
      await send('created', Buffer.from(JSON.stringify({ n: 500 + i })), headers);
    }
    for (const i of carriers.keys()) {
      const [handled] = await linesWhere(
        ({ n, message }) => n === 500 + i && message === 'handled',
        1,
      );
      const [line] = await finished(String(handled?.trace_id), 1);
      expect(line).toMatchObject({ outcome: 'completed', attempt: 1 });
      expect(line).not.toHaveProperty('parent_span_id');
      expect(line?.trace_id).not.toBe('a'.repeat(32));
      expect(line?.request_id).toMatch(/^[0-9a-f-]{36}$/);
    }
    expect(worker.stderr).toBe('');
  });
});
