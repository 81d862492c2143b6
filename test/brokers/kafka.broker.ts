import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Kafka, type IHeaders } from 'kafkajs';
import { accessTo } from './servers/access.js';
import { ThreeServices } from './three-services.js';
import { describeTransport, TRACEPARENT } from './transport-cases.js';

const single = accessTo('kafka');
const BROKERS = [
  ['Kafka', single],
  ['Kafka with three brokers', accessTo('kafka-cluster')],
] as const;

const env = (url: string, name = 'kafka'): Record<string, string> => ({
  ...{ TRANSPORT: 'kafka', BROKER_URL: url, SCOPE: `nestjs-tracing-${name}-${process.pid}` },
});
/** By the URL of the broker. They start at the same time: joining a group takes seconds. */
const started = new Map<string, Promise<ThreeServices>>();

beforeAll(() => {
  for (const [, { url }] of BROKERS) {
    if (url !== '') started.set(url, ThreeServices.start(env(url)));
  }
});
afterAll(async () => {
  const all = await Promise.all(started.values());
  await Promise.all(all.map((services) => services.stop()));
}, 60_000);

for (const [title, broker] of BROKERS) {
  describeTransport({
    title,
    broker,
    transport: 'kafka',
    name: 'kafka',
    redelivers: true,
    services: ({ BROKER_URL = '' }) => started.get(BROKER_URL)!,
    async openRaw(url) {
      const kafka = new Kafka({ brokers: [new URL(url).host], logLevel: 0 });
      const producer = kafka.producer();
      await producer.connect();
      return {
        send: (topic, payload, headers) =>
          producer.send({
            topic,
            messages: [{ value: JSON.stringify(payload), headers: headers as IHeaders }],
          }),
        close: () => producer.disconnect(),
      };
    },
    carriers: [
      {},
      { traceparent: '', tracestate: '', baggage: '' },
      { traceparent: [TRACEPARENT, TRACEPARENT] },
      {
        traceparent: `${TRACEPARENT}\r\n`,
        'x-request-id': 'a\u0000b',
        'x-session-id': 'a\u001b[0m',
      },
      { traceparent: 'a'.repeat(60_000), 'x-request-id': 'a'.repeat(100_000) },
      { traceparent: Buffer.from([0xff, 0xfe, 0x00]), 'x-session-id': Buffer.from([0]) },
      { 'nestjs-tracing': '* * *', 'x-request-id': ['a', 'b'] },
      JSON.parse(`{ "__proto__": "${TRACEPARENT}", "constructor": "${TRACEPARENT}" }`),
      { toString: TRACEPARENT, hasOwnProperty: TRACEPARENT },
    ],
  });
}

single.describe('a message of Kafka', () => {
  let services: ThreeServices;
  /** Where the numbers of a test start: what was refused once is not refused again. */
  let base = 0;

  beforeAll(async () => {
    services = (await started.get(single.url))!;
  });

  beforeEach(() => {
    base += 10_000;
  });

  it.each(['emit/retry', 'send/retried'])(
    'has one line for each delivery, and so has what kafkajs says of it: %s',
    async (path) => {
      const payload = { n: base + path.length, rejections: 3 };
      const { traceId } = await services.post(path, payload);
      const deliveries = await services.messages(traceId, 4);
      expect(deliveries.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
      expect(deliveries.map(({ outcome }) => outcome)).toEqual([
        ...['errored', 'errored', 'errored', 'completed'],
      ]);
      expect(new Set(deliveries.map((line) => line['parent_span_id'])).size).toBe(1);
      const told = services.worker.lines.filter(({ message }) =>
        /Error when calling eachMessage.*not yet/.test(message),
      );
      const own = told.filter(({ message }) => message.includes(`not yet ${payload.n}`));
      expect(own.map(({ trace_id, span_id }) => [trace_id, span_id])).toEqual(
        deliveries.slice(0, 3).map(({ trace_id, span_id }) => [trace_id, span_id]),
      );
      await services.untilTrees(traceId);
    },
  );

  it('has its ids where kafkajs says that it failed, among 40 that fail', async () => {
    const numbers = Array.from({ length: 40 }, (_, i) => base + i);
    const sent = await Promise.all(
      numbers.map((n) => services.post('emit/retry', { n, rejections: 1, sleepMs: n % 7 })),
    );
    await services.linesWhere(
      ({ n, message, trace_id }) =>
        message === 'Message finished' &&
        n === undefined &&
        sent.some(({ traceId }) => traceId === trace_id),
      80,
    );
    const told = services.worker.lines.filter(({ message }) =>
      /eachMessage.*not yet/.test(message),
    );
    expect(told.length).toBe(40);
    for (const line of told) {
      const [, n] = /not yet (\d+)/.exec(line.message)!;
      expect(line.trace_id).toBe(sent[Number(n) - base]!.traceId);
    }
  }, 60_000);

  it('has the trace of its batch', async () => {
    const payloads = Array.from({ length: 50 }, (_, i) => ({ n: base + i, sleepMs: i % 5 }));
    const { traceId } = await services.post('batch', { payloads });
    const lines = await services.messages(traceId, 100);
    expect(new Set(lines.map(({ span_id }) => span_id)).size).toBe(100);
    const handled = services.worker.lines.filter(
      ({ n, message }) => message === 'handled' && Number(n) >= base,
    );
    expect(handled).toHaveLength(50);
    expect(new Set(handled.map(({ trace_id }) => trace_id))).toEqual(new Set([traceId]));
    await services.untilTrees(traceId);
  }, 60_000);
});

single.describe('a message on which a consumer of Kafka crashes', () => {
  let services: ThreeServices;
  let crashes = 0;

  // Of each test: a consumer that has crashed is no more, and the next one would crash on the same.
  beforeEach(async () => {
    services = await ThreeServices.start(env(single.url, `crash-${++crashes}`));
  }, 40_000);

  afterEach(() => services.stop());

  it('has its ids in what kafkajs says of it', async () => {
    const { traceId } = await services.post('emit/retry', { n: 77, isHopeless: true });
    const [delivery] = await services.messages(traceId, 1);
    const [crash] = await services.linesWhere(
      ({ message }) => message.includes('Crash: KafkaJSNonRetriableError: never 77'),
      1,
    );
    expect(crash).toMatchObject({ trace_id: traceId, span_id: delivery!.span_id, level: 'error' });
    const others = services.worker.lines.filter(({ message }) =>
      /\[(?:Consumer|ConsumerGroup|Connection)\]/.test(message),
    );
    expect(others.filter((line) => line !== crash && line.trace_id !== '-')).toEqual([]);
  });
});
