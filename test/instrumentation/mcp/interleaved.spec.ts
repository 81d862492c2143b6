import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, LineSink, type Line } from '../../support/line-sink.js';
import { tracedApp } from '../../support/traced-app.js';
import { connectTo, newTraceId, traceparentOf } from './clients.js';
import { controllerOf, ENDPOINTS } from './hand-made.js';

const MESSAGES = 200;
const SESSIONS = 5;
const PATIENCE_MS = 20_000;

describe('messages that are handled side by side', () => {
  it.each(Object.keys(ENDPOINTS))(
    'keep their ids: %s',
    async (endpoint) => {
      const sink = new LineSink();
      const app = await tracedApp('express', sink)
        .of({ controllers: [controllerOf(endpoint)] })
        .start();
      const clients = await Promise.all(
        Array.from({ length: SESSIONS }, (_, index) =>
          connectTo(app.url, endpoint, { 'x-session-id': `session-${index}` }),
        ),
      );
      const traces = Array.from({ length: MESSAGES }, newTraceId);
      await Promise.all(
        traces.map(async (traceId, n) => {
          await sleep(n % 11);
          // Every third one is part of its HTTP request.
          const _meta = n % 3 === 0 ? {} : { traceparent: traceparentOf(traceId) };
          await clients[n % SESSIONS]!.callTool({ name: 'work', arguments: { n }, _meta });
        }),
      );
      // The line of the HTTP request names the tool too.
      const ofMessages = () => sink.lines.filter(({ message }) => message !== 'Request finished');
      const calls = () => ofMessages().filter((line) => line['mcp_tool'] === 'work');
      await eventually(() => calls().length >= MESSAGES, 'all messages');
      await eventually(() => {
        const requests = new Set(sink.finished.map((line) => line.request_id));
        return calls().every((line) => requests.has(line.request_id));
      }, 'all requests');

      const spans = new Map<string, Line[]>();
      for (const line of ofMessages().filter((line) => 'n' in line || 'mcp_tool' in line)) {
        spans.set(line.span_id, [...(spans.get(line.span_id) ?? []), line]);
      }
      const requests = new Map(sink.finished.map((line) => [line.request_id, line]));
      expect(spans.size).toBe(MESSAGES);
      for (const lines of spans.values()) {
        expect(lines.map(({ message }) => message)).toEqual([
          'begin',
          'middle',
          'end',
          'Message finished',
        ]);
        const n = lines[0]!['n'] as number;
        expect(lines.slice(0, 3).map((line) => line['n'])).toEqual([n, n, n]);
        const request = requests.get(lines[0]!.request_id)!;
        for (const line of lines) {
          expect(line).toMatchObject({
            trace_id: n % 3 === 0 ? request.trace_id : traces[n],
            session_id: `session-${n % SESSIONS}`,
            request_id: request.request_id,
          });
        }
      }
      expect(new Set([...spans.values()].map(([line]) => line!.request_id)).size).toBe(MESSAGES);
    },
    PATIENCE_MS,
  );
});
