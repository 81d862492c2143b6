import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, type Line } from '../../support/line-sink.js';
import { ThreeProcesses, type TransportOptions } from './three-processes.js';

/** What a transport is expected to do between processes. */
export interface Expected {
  readonly transport: string;
  /** The attempt in the access log line of a first delivery, where the transport counts them. */
  readonly attempt?: number;
}

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** One table of cases for every transport. */
export function describeThreeProcesses(
  { transport, attempt }: Expected,
  optionsOf: () => (service: 'worker' | 'ledger', port?: unknown) => TransportOptions,
): void {
  describe(`${transport} between processes`, () => {
    let system: ThreeProcesses;

    beforeAll(async () => {
      system = await ThreeProcesses.start(optionsOf());
      // The first message opens connections and subscriptions.
      await system.post('charge', { user: 'warm-up', amount: 1 });
      await system.ledger.linesOf('booked warm-up', 1);
    }, 30_000);

    afterAll(() => system.stop());

    it('is one trace, in which each message has the span that sent it as its parent', async () => {
      const ids = {
        traceparent: TRACEPARENT,
        'x-request-id': 'req-001',
        'x-session-id': 'session-1',
      };
      const response = await system.post('charge', { user: 'alice', amount: 1 }, ids);
      const traceId = TRACEPARENT.split('-')[1]!;
      expect(await response.json()).toEqual({ user: 'alice', traceId, keys: ['user', 'amount'] });
      await system.ledger.linesOf('booked alice', 1);
      await finished(system, traceId, 2);

      const said = (): Line[] => system.lines.filter(({ message }) => message.endsWith(' alice'));
      await eventually(() => said().length >= 12, 'what all three say');
      const lines = said();
      expect(lines.map(({ message }) => message).toSorted()).toEqual(
        [
          'sending alice',
          'guard alice',
          'interceptor before alice',
          'pipe alice',
          'charging alice',
          'charged alice',
          'notified alice',
          'interceptor after alice',
          'answered alice',
          'received alice',
          'booking alice',
          'booked alice',
        ].toSorted(),
      );
      for (const line of lines) {
        expect(line).toMatchObject({
          trace_id: traceId,
          request_id: 'req-001',
          session_id: 'session-1',
        });
      }
      await system.untilTrees(traceId);

      const [charge] = ofTrace(await system.worker.linesOf('Message finished', 1), traceId);
      expect(charge).toMatchObject({
        transport,
        pattern: 'payment.charge',
        handler: 'PaymentsController.charge',
        outcome: 'completed',
        duration_ms: expect.any(Number),
        handler_ms: expect.any(Number),
      });
      expect(charge!['attempt']).toBe(attempt);
      const [book] = ofTrace(await system.ledger.linesOf('Message finished', 1), traceId);
      expect(book).toMatchObject({
        transport,
        pattern: 'payment.done',
        handler: 'LedgerController.book',
        outcome: 'completed',
      });
      const [sent] = ofTrace(await system.gateway.linesOf('Span finished', 1), traceId);
      expect(sent).toMatchObject({
        name: 'send payment.charge',
        kind: 'client',
        span_id: charge!['parent_span_id'],
        failed: false,
        'messaging.system': transport,
        'messaging.destination.name': 'payment.charge',
      });
      const [emitted] = ofTrace(await system.worker.linesOf('Span finished', 1), traceId);
      expect(emitted).toMatchObject({
        name: 'emit payment.done',
        kind: 'producer',
        span_id: book!['parent_span_id'],
        parent_span_id: charge!.span_id,
      });
    });

    it('carries an event without an answer', async () => {
      const { headers } = await system.post('note', { user: 'bob', amount: 1, delay: 5 });
      const traceId = headers.get('x-trace-id')!;
      const [noted] = await system.worker.linesOf('noted bob', 1);
      expect(noted!.trace_id).toBe(traceId);
      await finished(system, traceId, 1);
      await system.untilTrees(traceId);
    });

    it('writes one access log line for a message that throws, and runs the filter in its context', async () => {
      const response = await system.post('charge', { user: 'carol', amount: -1 });
      const traceId = response.headers.get('x-trace-id')!;
      expect(response.status).toBe(500);
      const [filter] = await system.worker.linesOf('filter refused carol', 1);
      expect(filter!.trace_id).toBe(traceId);
      const [line, ...more] = await finished(system, traceId, 1);
      expect(line).toMatchObject({ level: 'error', outcome: 'errored' });
      expect(more).toEqual([]);
      const [sent] = ofTrace(await system.gateway.linesOf('Span finished', 1), traceId);
      expect(sent).toMatchObject({ failed: true });
    });

    it('ends a message that a guard refuses', async () => {
      const { headers } = await system.post('charge', { user: 'mallory', amount: 1 });
      const traceId = headers.get('x-trace-id')!;
      const [line] = await finished(system, traceId, 1);
      expect(line).toMatchObject({ outcome: 'errored', handler: 'PaymentsController.charge' });
    });

    it('keeps 200 interleaved messages apart', async () => {
      const users = Array.from({ length: 200 }, (_, i) => `user-${i}`);
      const responses = await Promise.all(
        users.map((user, i) => system.post('charge', { user, amount: 1, delay: (i * 7) % 40 })),
      );
      const traceIds = new Map(
        users.map((user, i) => [user, responses[i]!.headers.get('x-trace-id')!]),
      );
      expect(new Set(traceIds.values()).size).toBe(200);
      const found = (): Line[] => system.lines.filter(({ message }) => / user-\d+$/.test(message));
      await eventually(() => found().length >= 12 * 200, 'all lines');
      await eventually(
        () => count(system.lines, 'Message finished') >= 400,
        'all access log lines',
      );
      const lines = found();
      expect(lines).toHaveLength(12 * 200);
      const wrong = lines.filter(
        ({ message, trace_id }) => traceIds.get(message.split(' ').at(-1)!) !== trace_id,
      );
      expect(wrong).toEqual([]);
      await system.untilTrees(...traceIds.values());
    });

    it('has no warnings', () => {
      expect(system.all.map(({ stderr }) => stderr)).toEqual(['', '', '']);
    });
  });
}

function count(lines: readonly Line[], message: string): number {
  return lines.filter((line) => line.message === message).length;
}

function ofTrace(lines: readonly Line[], traceId: string): Line[] {
  return lines.filter((line) => line.trace_id === traceId);
}

/** The access log lines of the messages of a trace, once there are that many. */
async function finished(system: ThreeProcesses, traceId: string, count: number): Promise<Line[]> {
  const found = (): Line[] =>
    ofTrace(system.lines, traceId).filter(({ message }) => message === 'Message finished');
  await eventually(() => found().length >= count, `${count} access log lines`);
  // A superfluous line would come a little later.
  await sleep(20);
  return found();
}
