import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Line } from '../support/line-sink.js';
import type { BrokerAccess } from './servers/access.js';
import { ThreeServices, type Answer } from './three-services.js';

/** A client that knows nothing of NestJS, and sends events as it pleases. */
interface RawSender {
  send(pattern: string, payload: object, carrier: unknown): unknown;
  close(): unknown;
}

export interface TransportCase {
  readonly title: string;
  readonly broker: BrokerAccess;
  /** What the services find in `TRANSPORT`. */
  readonly transport: string;
  /** The content of their access log lines. */
  readonly name: string;
  readonly openRaw: (url: string, scope: string) => RawSender | Promise<RawSender>;
  /** Whether an event whose handler throws is delivered again: once more, as these handlers throw once. */
  readonly redelivers?: boolean;
  /** Services that the file has started, and stops. */
  readonly services?: (env: Readonly<Record<string, string>>) => Promise<ThreeServices>;
  /** What the raw sender puts in the place of a trace. */
  readonly carriers: readonly unknown[];
}

const TRACE_ID = 'a'.repeat(32);
export const TRACEPARENT = `00-${TRACE_ID}-${'b'.repeat(16)}-01`;
const IDS = ['trace_id', 'request_id', 'session_id', 'span_id'];
/** How long everybody has to find a broker again that is back. */
const RECONNECT_MS = 10_000;

/** What must hold on every transport that a broker serves. */
export function describeTransport(one: TransportCase): void {
  const { broker, transport, name, redelivers = false, services: start } = one;

  broker.describe(one.title, () => {
    const scope = `nestjs-tracing-${transport}-${process.pid}`;
    let services: ThreeServices;

    beforeAll(async () => {
      const env = { TRANSPORT: transport, BROKER_URL: broker.url, SCOPE: scope };
      services = await (start ?? ThreeServices.start)(env);
    }, 40_000);

    /** Where the numbers of a test start: a handler that has thrown once for one does not again. */
    let base = 0;

    beforeEach(() => {
      base += 10_000;
    });

    afterAll(() => (start === undefined ? services.stop() : undefined));

    const ofTask = (n: number, message: string): Promise<Line[]> =>
      services.linesWhere((line) => line['n'] === n && line.message === message, 1);
    const workerLines = (n: number): Line[] =>
      services.worker.lines.filter((line) => line['n'] === n);

    it('carries the trace of a request through two workers and back', async () => {
      const payload = { n: 1, text: 'é\u0000', nested: { list: [1, null, {}] } };
      const { traceId, answer } = await services.post('send', payload);
      expect(answer).toEqual({ payload, booked: { traceId }, traceId });

      const messages = await services.messages(traceId, 2);
      for (const line of messages) {
        expect(line).toMatchObject({ transport: name, outcome: 'completed' });
        expect(line['parent_span_id']).toMatch(/^[0-9a-f]{16}$/);
      }
      expect(new Set(messages.map(({ handler }) => handler))).toEqual(
        new Set(['LedgerController.book', 'WorkerController.work']),
      );
      expect(new Set(messages.map(({ pattern }) => pattern))).toEqual(
        new Set([`${scope}-book`, `${scope}-work`]),
      );
      const [request] = await services.linesWhere(
        ({ message, trace_id }) => message === 'Request finished' && trace_id === traceId,
        1,
      );
      for (const line of messages) {
        expect(line.request_id).toBe(request?.request_id);
        expect(line.session_id).toBe(request?.session_id);
      }
      await services.untilTrees(traceId);
    });

    it('carries it with an event, too', async () => {
      const { traceId } = await services.post('emit', { n: 2, text: 'é' });
      const messages = await services.messages(traceId, 2);
      expect(new Set(messages.map(({ handler }) => handler))).toEqual(
        new Set(['LedgerController.booked', 'WorkerController.event']),
      );
      expect((await ofTask(2, 'handling'))[0]?.['rest']).toEqual({ text: 'é' });
      await services.untilTrees(traceId);
    });

    it('is one context in guard, pipe, interceptor, handler and after each await', async () => {
      const { traceId } = await services.post('send', { n: 3, sleepMs: 5 });
      await services.messages(traceId, 2);
      const lines = workerLines(3);
      expect(lines.map(({ message }) => message)).toEqual([
        'guard',
        'interceptor',
        'pipe',
        'handling',
        'handled',
      ]);
      for (const key of IDS) expect(new Set(lines.map((line) => line[key])).size).toBe(1);
      expect(lines[0]?.trace_id).toBe(traceId);
    });

    it('ends a message whose handler throws once, as errored', async () => {
      for (const path of ['send', 'emit']) {
        const n = base + (path === 'send' ? 4 : 5);
        const { traceId } = await services.post(path, { n, fails: true });
        const again = redelivers && path === 'emit' ? 2 : 0;
        const [line, ...more] = await services.messages(traceId, 1 + again);
        expect(more.map(({ outcome }) => outcome)).toEqual(Array(again).fill('completed'));
        expect(line).toMatchObject({ level: 'error', outcome: 'errored', transport: name });
        const [filter] = await ofTask(n, 'filter');
        for (const key of IDS) expect(filter?.[key]).toBe(line?.[key]);
        await services.untilTrees(traceId);
      }
    });

    it('has its ids where NestJS logs what a handler has thrown', async () => {
      const numbers = Array.from({ length: 20 }, (_, i) => 700 + i);
      const sent = await Promise.all(
        numbers.map((n) => services.post('send/plain', { n, sleepMs: n % 7 })),
      );
      const told = await services.linesWhere(
        (line) => line['context'] === 'RpcExceptionsHandler' && line.message.startsWith('plain 7'),
        20,
      );
      expect(told).toHaveLength(20);
      for (const { message, trace_id, span_id } of told) {
        const { traceId } = sent[Number(message.slice(-3)) - 700]!;
        const [end] = await services.messages(traceId, 1);
        expect([trace_id, span_id]).toEqual([traceId, end!.span_id]);
      }
    });

    it('keeps 200 interleaved messages apart', async () => {
      const sent = await Promise.all(
        Array.from({ length: 200 }, async (_, i) => {
          await sleep((i * 11) % 60);
          const payload = { n: base + i, sleepMs: (i * 7) % 40, fails: i % 20 === 7 };
          return services.post(i % 2 === 0 ? 'send' : 'emit', payload);
        }),
      );
      const ids = sent.map(({ traceId }) => traceId);
      expect(new Set(ids).size).toBe(200);
      // Ten fail in the worker. Where they are delivered again, both it and the ledger have one more.
      const count = redelivers ? 410 : 390;
      const ends = await services.linesWhere(
        ({ message, trace_id }) => message === 'Message finished' && ids.includes(trace_id),
        count,
      );
      expect(ends).toHaveLength(count);
      const own = services.lines.filter(({ n }) => Number(n) >= base);
      expect(own.length).toBeGreaterThanOrEqual(190 * 6);
      const strays = own.filter((line) => line.trace_id !== ids[Number(line['n']) - base]);
      expect(strays.map(({ n, message }) => `${Number(n)} ${message}`)).toEqual([]);
      await services.untilTrees(...ids);
    }, 60_000);

    it('ignores an invalid trace', async () => {
      const raw = await one.openRaw(broker.url, scope);
      try {
        for (const [i, carrier] of one.carriers.entries()) {
          await raw.send(`${scope}-event`, { n: 500 + i }, carrier);
        }
      } finally {
        await raw.close();
      }
      const isFirst = ({ handler, message, trace_id }: Line): boolean =>
        message === 'Message finished' &&
        handler === 'WorkerController.event' &&
        services.lines.some(
          ({ n, trace_id: own }) => own === trace_id && Number(n) >= 500 && Number(n) < 1000,
        );
      const lines = await services.linesWhere(isFirst, one.carriers.length);
      expect(lines).toHaveLength(one.carriers.length);
      expect(new Set(lines.map(({ trace_id }) => trace_id)).size).toBe(lines.length);
      for (const line of lines) {
        expect(line).toMatchObject({ outcome: 'completed' });
        expect(line).not.toHaveProperty('parent_span_id');
        expect(line.trace_id).not.toBe(TRACE_ID);
        expect(line.request_id).toMatch(/^[0-9a-f-]{36}$/);
      }
      expect(services.stderr).toBe('');
    });

    broker.describeRestart('when the broker is stopped and started', () => {
      it('carries on', async () => {
        const before = await services.post('send', { n: 6 });
        await broker.stop();
        await broker.start();
        const after = await untilAnswered(services, { n: 7 });
        for (const { traceId } of [before, after]) {
          await services.messages(traceId, 2);
          await services.untilTrees(traceId);
        }
        expect(after.traceId).not.toBe(before.traceId);
      }, 60_000);
    });
  });
}

/** Retries until a service listens again. Each try is a separate request and trace. */
async function untilAnswered(services: ThreeServices, payload: object): Promise<Answer> {
  const deadline = Date.now() + RECONNECT_MS;
  for (;;) {
    const answer = await services.post('send', payload);
    if (answer.answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`no answer: ${JSON.stringify(answer)}`);
    await sleep(100);
  }
}

/** Values that are no headers at all, for transports that carry any JSON. */
export const JSON_CARRIERS: readonly unknown[] = [
  'text',
  7,
  null,
  true,
  [],
  [TRACEPARENT],
  { traceparent: 7, 'x-request-id': {}, 'x-session-id': [] },
  { traceparent: [TRACEPARENT, TRACEPARENT], 'x-request-id': [['a', 'b']] },
  { traceparent: `${TRACEPARENT}x`.repeat(2000), 'x-request-id': 'a'.repeat(100_000) },
  { traceparent: `${TRACEPARENT}\r\n`, 'x-request-id': 'a\u0000b', 'x-session-id': 'a\u001b[0m' },
  JSON.parse(`{ "__proto__": { "traceparent": "${TRACEPARENT}", "x-request-id": "evil" } }`),
  { constructor: { traceparent: TRACEPARENT }, hasOwnProperty: 1, toString: 1 },
];
