import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { WebSocket } from 'ws';
import { freePorts } from '../../sample-app/src/system/free-ports.js';
import type { Line } from '../support/line-sink.js';
import { untilTrees } from '../support/service-process.js';
import { messagesByService, SampleServices, WITH_SPANS } from './sample-services.js';

const SESSION = 'abc12345-of-alice';
const START_MS = 30_000;

const GATEWAY = [
  'Processing payment for user Alice',
  'Validating payment',
  'Gateway slow',
  'Payment complete',
  'Request finished',
];
const WORKER = ['Charging the card of Alice', 'Card charged', 'Message finished'];
const LEDGER = ['Booked 42 of Alice', 'Message finished'];
const FEED = ['Telling subscribers', 'Message finished'];

const sessionsOf = (lines: readonly Line[]) => [
  ...new Set(lines.map(({ session_id }) => session_id)),
];

/** How many were made: each has the next entry in the ledger. */
let payments = 0;

async function pay(url: string): Promise<{ chargeId: string; traceId: string }> {
  const response = await fetch(`${url}/api/payment`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Session-ID': SESSION },
    body: JSON.stringify({ user: 'Alice', amount: 42 }),
  });
  payments++;
  expect(response.status).toBe(201);
  return (await response.json()) as { chargeId: string; traceId: string };
}

describe('the services of the sample application', () => {
  let services: SampleServices;

  beforeAll(async () => {
    services = await SampleServices.start(
      ['gateway', 'worker', 'ledger', 'feed', 'mcp'],
      WITH_SPANS,
    );
  }, START_MS);

  afterAll(() => services.stop());

  /** All lines of a trace, once so many things have finished and its spans make a tree. */
  async function wholeLines(finishes: number, traceId: string): Promise<Line[]> {
    await services.linesAfter(finishes, traceId);
    await untilTrees(() => services.linesOf(traceId), traceId);
    return services.linesOf(traceId);
  }

  it('follow a payment from the gateway to the subscribers of the feed', async () => {
    const subscriber = new WebSocket(`${services.url('FEED_PORT', 'ws')}/feed`);
    await once(subscriber, 'open');
    const news = once(subscriber, 'message');
    const { chargeId, traceId } = await pay(services.url('GATEWAY_PORT'));
    const [message] = (await news) as [Buffer];
    subscriber.terminate();
    const lines = await wholeLines(4, traceId);

    expect(JSON.parse(String(message))).toEqual({
      event: 'payment',
      data: { entry: payments, chargeId, user: 'Alice', amount: 42 },
    });
    expect(messagesByService(lines)).toEqual({
      'payments-gateway': GATEWAY,
      'payments-worker': WORKER,
      'payments-ledger': LEDGER,
      'payments-feed': FEED,
    });
    expect(sessionsOf(lines)).toEqual([SESSION]);
  });

  it('follow a payment that an assistant makes with a tool', async () => {
    const client = new Client({ name: 'test', version: '1.0.0' });
    await client.connect(
      new StreamableHTTPClientTransport(new URL(`${services.url('MCP_PORT')}/mcp`), {
        requestInit: { headers: { 'X-Session-ID': SESSION } },
      }),
    );
    const { tools } = await client.listTools();
    const { content } = await client.callTool({
      name: 'pay',
      arguments: { user: 'Alice', amount: 42 },
    });
    payments++;
    const refused = await client.callTool({ name: 'pay', arguments: { user: 'Alice' } });
    const status = await client.callTool({ name: 'payments_status', arguments: {} });
    await client.close();
    const { traceId } = textOf(content) as { traceId: string };
    const lines = await wholeLines(6, traceId);

    expect(tools.map(({ name }) => name)).toEqual(['pay', 'payments_status']);
    expect(refused.isError).toBe(true);
    expect(textOf(status.content)).toMatchObject({ status: 'up' });
    expect(messagesByService(lines)).toEqual({
      'payments-mcp': ['An assistant pays 42 for Alice', 'Message finished', 'Request finished'],
      'payments-gateway': GATEWAY,
      'payments-worker': WORKER,
      'payments-ledger': LEDGER,
      'payments-feed': FEED,
    });
    expect(sessionsOf(lines)).toEqual([SESSION]);
  });

  it(
    'follow a payment that reaches the worker over gRPC',
    async () => {
      const { GATEWAY_PORT = '', WORKER_MESSAGES_PORT = '' } = await freePorts();
      const env = { TRANSPORT: 'grpc', GATEWAY_PORT, WORKER_MESSAGES_PORT };
      await Promise.all([services.add('worker', env), services.add('gateway', env)]);
      const { traceId } = await pay(`http://127.0.0.1:${GATEWAY_PORT}`);
      const lines = await wholeLines(4, traceId);

      expect(messagesByService(lines)).toEqual({
        'payments-gateway': GATEWAY,
        'payments-worker': WORKER,
        'payments-ledger': LEDGER,
        'payments-feed': FEED,
      });
      expect(lines).toContainEqual(expect.objectContaining({ transport: 'grpc' }));
      expect(sessionsOf(lines)).toEqual([SESSION]);
    },
    START_MS,
  );

  it('show the latest payments to a subscriber who asks', async () => {
    const subscriber = new WebSocket(`${services.url('FEED_PORT', 'ws')}/feed`);
    await once(subscriber, 'open');
    subscriber.send(JSON.stringify({ event: 'latest' }));
    const [message] = (await once(subscriber, 'message')) as [Buffer];
    subscriber.terminate();

    expect(payments).toBeGreaterThanOrEqual(3);
    expect(JSON.parse(String(message))).toMatchObject({
      event: 'latest',
      data: Array.from({ length: payments }, (_, i) => ({ entry: i + 1 })),
    });
  });

  it('give a run of the nightly job a trace of its own, through to the worker', async () => {
    const run = (await services.runNightly()).filter(({ trace_id }) => trace_id !== '-');
    const traceId = run[0]?.trace_id ?? '';
    await services.linesAfter(1, traceId);
    const all = (): Line[] => [...run, ...services.linesOf(traceId)];
    await untilTrees(all, traceId);
    const lines = all();

    expect(messagesByService(lines)).toEqual({
      'payments-nightly': ['Settling the day', 'Settled 84 of 2 charges', 'Run finished'],
      'payments-worker': ['Paying out 84 for 2 charges', 'Message finished'],
    });
    expect(new Set(run.map(({ trace_id }) => trace_id))).toEqual(new Set([traceId]));
  });
});

function textOf(content: unknown): Record<string, unknown> {
  const [{ text }] = content as [{ text: string }];
  return JSON.parse(text) as Record<string, unknown>;
}
