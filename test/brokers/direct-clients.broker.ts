import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, type Line } from '../support/line-sink.js';
import { ServiceProcess } from '../support/service-process.js';
import { accessTo } from './servers/access.js';
import type { BrokerName } from './servers/brokers.js';
import { DIRECT_CLIENTS, type DirectClientName, type Sender } from './services/direct-clients.js';
import { JSON_CARRIERS, TRACEPARENT } from './transport-cases.js';

interface Recipe {
  readonly client: DirectClientName;
  readonly broker: BrokerName;
  readonly transport: string;
  /** Whether a message whose handler throws is delivered once more. */
  readonly redelivers: boolean;
  /** Whether the number of a delivery is known. */
  readonly counts: boolean;
  readonly carriers: readonly unknown[];
}

const isRecord = (carrier: unknown): carrier is Record<string, unknown> =>
  typeof carrier === 'object' && carrier !== null && !Array.isArray(carrier);
const TEXTS = [
  {},
  { traceparent: '', 'x-request-id': '', 'x-session-id': ' ' },
  { traceparent: `${TRACEPARENT}\r\n`, 'x-request-id': 'a\u0000b', 'x-session-id': 'a\u001b[0m' },
  { traceparent: `${TRACEPARENT}x`.repeat(50), 'x-request-id': 'a'.repeat(5000) },
  JSON.parse(`{ "__proto__": "${TRACEPARENT}", "constructor": "${TRACEPARENT}" }`) as object,
  { hasOwnProperty: TRACEPARENT, get: TRACEPARENT, values: TRACEPARENT },
];
const LISTED = [{ traceparent: [TRACEPARENT, TRACEPARENT], 'x-request-id': ['a', 'b'] }];
const BYTES = [{ traceparent: Buffer.from([0xff, 0xfe]), 'x-request-id': Buffer.from([0]) }];
const TABLES = JSON_CARRIERS.filter(isRecord).filter((one) => JSON.stringify(one).length < 60_000);
const ENVELOPES = [...JSON_CARRIERS, ...TEXTS];
// What PostgreSQL takes as a payload.
const NOTIFIED = ENVELOPES.filter((one) => JSON.stringify(one).length < 7000);

const RECIPES: readonly Recipe[] = [
  {
    ...{ client: 'kafkajs, messages', broker: 'kafka', transport: 'kafka' },
    ...{ redelivers: true, counts: true, carriers: [...TEXTS, ...LISTED, ...BYTES] },
  },
  {
    ...{ client: 'kafkajs, batches', broker: 'kafka', transport: 'kafka' },
    ...{ redelivers: true, counts: false, carriers: [...TEXTS, ...LISTED, ...BYTES] },
  },
  {
    ...{ client: 'amqplib', broker: 'rabbitmq', transport: 'rabbitmq' },
    ...{ redelivers: true, counts: true, carriers: [...TEXTS, ...TABLES] },
  },
  {
    ...{ client: 'ioredis, streams', broker: 'redis', transport: 'redis' },
    ...{ redelivers: false, counts: false, carriers: TEXTS },
  },
  {
    ...{ client: 'ioredis, lists', broker: 'redis', transport: 'redis' },
    ...{ redelivers: false, counts: false, carriers: ENVELOPES },
  },
  {
    ...{ client: 'ioredis, channels', broker: 'redis', transport: 'redis' },
    ...{ redelivers: false, counts: false, carriers: ENVELOPES },
  },
  {
    ...{ client: 'pg, LISTEN', broker: 'postgres', transport: 'postgresql' },
    ...{ redelivers: false, counts: false, carriers: NOTIFIED },
  },
];

interface Services {
  readonly scope: string;
  readonly gateway: ServiceProcess;
  readonly consumer: ServiceProcess;
  /** The request in which the consumer was started. */
  readonly starting: string;
}

const available = RECIPES.filter(({ broker }) => accessTo(broker).url !== '');
const started = new Map<DirectClientName, Promise<Services>>();

/** Starts what a client needs, and then what the next one needs: some wait for seconds. */
async function servicesOf({ client, broker }: Recipe): Promise<Services> {
  const services = started.get(client) ?? start(client, broker);
  started.set(client, services);
  const next = available[available.findIndex((one) => one.client === client) + 1];
  if (next !== undefined && !started.has(next.client)) {
    const ahead = services.then(() => start(next.client, next.broker));
    started.set(next.client, ahead);
    // The tests of the next client have the error.
    ahead.catch(() => {});
  }
  return services;
}

async function start(client: DirectClientName, broker: BrokerName): Promise<Services> {
  const scope = `nestjs-tracing-${client.replaceAll(/\W+/g, '-')}-${process.pid}`;
  const env = { CLIENT: client, BROKER_URL: accessTo(broker).url, SCOPE: scope };
  const [gateway, consumer] = await Promise.all([
    ServiceProcess.start('test/brokers/services/direct-gateway.ts', env),
    ServiceProcess.start('test/brokers/services/direct-consumer.ts', env),
  ]);
  return { scope, gateway, consumer, starting: await post(consumer, 'consume', {}) };
}

for (const recipe of RECIPES) {
  const broker = accessTo(recipe.broker);
  broker.describe(`consumed by hand with ${recipe.client}`, () => {
    let scope: string;
    let gateway: ServiceProcess;
    let consumer: ServiceProcess;
    let sender: Sender;
    let starting: string;

    beforeAll(async () => {
      ({ scope, gateway, consumer, starting } = await servicesOf(recipe));
      process.env['SCOPE'] = scope;
      sender = await DIRECT_CLIENTS[recipe.client].openSender(broker.url);
    }, 60_000);

    /** Where the numbers of a test start: a handler that has thrown once for one does not again. */
    let base = 0;

    beforeEach(() => {
      base += 10_000;
    });

    afterAll(async () => {
      await sender?.close();
      await Promise.all([gateway?.stop(), consumer?.stop()]);
    });

    const send = (payload: object): Promise<string> => post(gateway, 'send', payload);
    const ends = (traceIds: readonly string[]): Line[] =>
      consumer.lines.filter(
        ({ message, trace_id }) => message === 'Message finished' && traceIds.includes(trace_id),
      );
    const untilEnded = async (traceIds: readonly string[], count: number): Promise<Line[]> => {
      await eventually(
        () => ends(traceIds).length >= count,
        `${count} messages\n${consumer.stderr}`,
      );
      return ends(traceIds);
    };

    it('is in the trace of its sender, with one line', async () => {
      const traceId = await send({ n: 1 });
      const [line, ...more] = await untilEnded([traceId], 1);
      expect(more).toEqual([]);
      expect(line).toMatchObject({
        level: 'info',
        outcome: 'completed',
        transport: recipe.transport,
        pattern: `${scope}-orders`,
        duration_ms: expect.any(Number),
        parent_span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
      });
      expect(line?.['attempt']).toBe(recipe.counts ? 1 : undefined);
      const requests = (): Line[] =>
        gateway.lines.filter(
          ({ message, trace_id }) => message === 'Request finished' && trace_id === traceId,
        );
      await eventually(() => requests().length > 0, 'the request');
      const [request] = requests();
      expect(line?.request_id).toBe(request?.request_id);
      expect(line?.session_id).toBe(request?.session_id);
    });

    it('ends once for each delivery when its handler throws', async () => {
      const traceId = await send({ n: base + 2, fails: true });
      const deliveries = await untilEnded([traceId], recipe.redelivers ? 2 : 1);
      expect(deliveries.map(({ outcome }) => outcome)).toEqual(
        recipe.redelivers ? ['errored', 'completed'] : ['errored'],
      );
      expect(deliveries[0]?.['error']).toMatchObject({
        name: 'Error',
        message: `failed ${base + 2}`,
      });
      if (recipe.counts) expect(deliveries.map(({ attempt }) => attempt)).toEqual([1, 2]);
      if (recipe.broker !== 'kafka') return;
      const told = consumer.lines.filter(({ message }) => message.startsWith('Error when calling'));
      expect(told).toHaveLength(1);
      expect(told[0]).toMatchObject({ trace_id: traceId, span_id: deliveries[0]!.span_id });
    });

    it('keeps 200 interleaved messages apart', async () => {
      const traceIds = await Promise.all(
        Array.from({ length: 200 }, async (_, i) => {
          await sleep((i * 11) % 60);
          return send({ n: base + i, sleepMs: (i * 7) % 40, fails: i % 20 === 7 });
        }),
      );
      const count = recipe.redelivers ? 210 : 200;
      expect(await untilEnded(traceIds, count)).toHaveLength(count);
      const own = consumer.lines.filter(({ n }) => Number(n) >= base);
      expect(own.length).toBe(recipe.redelivers ? 410 : 390);
      const strays = own.filter((line) => line.trace_id !== traceIds[Number(line['n']) - base]);
      expect(strays.map(({ n, message }) => `${Number(n)} ${message}`)).toEqual([]);
      const spans = new Map(ends(traceIds).map((line) => [line.span_id, line.trace_id]));
      expect(own.filter((line) => spans.get(line.span_id) !== line.trace_id)).toEqual([]);
      expect(spans.size).toBe(count);
      for (const line of own) expect(line.trace_id).not.toBe(starting);
      // A listener that was registered in a request, where it is not in `trace.consume`.
      const notified = consumer.lines.filter(({ message }) => message === 'notified');
      expect(notified.length >= 200).toBe(recipe.transport === 'postgresql');
      expect(notified.filter((line) => line.trace_id !== '-' || line.span_id !== '-')).toEqual([]);
    }, 60_000);

    it('ignores headers that are no trace', async () => {
      for (const [i, carrier] of recipe.carriers.entries())
        await sender.send(carrier, { n: 500 + i });
      const handled = (): Line[] =>
        consumer.lines.filter(
          ({ message, n }) => message === 'handled' && Number(n) >= 500 && Number(n) < 1000,
        );
      const count = recipe.carriers.length;
      await eventually(() => handled().length >= count, `${count} messages\n${consumer.stderr}`);
      const traceIds = handled().map(({ trace_id }) => trace_id);
      expect(new Set(traceIds).size).toBe(count);
      for (const line of await untilEnded(traceIds, count)) {
        expect(line).toMatchObject({ outcome: 'completed' });
        expect(line).not.toHaveProperty('parent_span_id');
        expect(line.trace_id).not.toBe('a'.repeat(32));
        expect(line.request_id).toMatch(/^[0-9a-f-]{36}$/);
      }
      expect(consumer.stderr).toBe('');
    });
  });
}

async function post(service: ServiceProcess, path: string, payload: object): Promise<string> {
  const response = await fetch(`${String(service.ready['url'])}/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(payload),
  });
  if (!response.ok) throw new Error(`${response.status}: ${service.stderr}`);
  const { traceId } = (await response.json()) as { traceId: string };
  return traceId;
}
