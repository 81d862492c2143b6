import { Client as Client2 } from '@modelcontextprotocol/client';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import {
  CreateMessageRequestSchema,
  LoggingMessageNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { SpanFinishEvent } from '../../../src/index.js';
import { eventually } from '../../support/line-sink.js';
import { tracedApp } from '../../support/traced-app.js';
import { connectTo, newTraceId, traceparentOf } from './clients.js';
import { controllerOf, ENDPOINTS } from './hand-made.js';

const ANSWER = {
  model: 'none',
  role: 'assistant',
  content: { type: 'text', text: 'wait' },
} as const;

let spans: SpanFinishEvent['span'][] = [];
const note = (message: unknown): unknown => spans.push((message as SpanFinishEvent).span);

beforeEach(() => {
  spans = [];
  subscribe('nestjs-tracing:span:finish', note);
});

afterEach(() => {
  unsubscribe('nestjs-tracing:span:finish', note);
});

type Meta = Record<string, unknown> | undefined;

/** A client that notes what comes with the messages of the server. */
async function connectNoting(url: string, endpoint: string) {
  const seen: { method: string; meta: Meta }[] = [];
  const client = await connectTo(url, endpoint, {}, (made) => {
    if (made instanceof Client1) {
      made.setRequestHandler(CreateMessageRequestSchema, ({ method, params }) => {
        seen.push({ method, meta: params._meta });
        return ANSWER;
      });
      made.setNotificationHandler(LoggingMessageNotificationSchema, ({ method, params }) => {
        seen.push({ method, meta: params._meta });
      });
    } else if (made instanceof Client2) {
      made.setRequestHandler('sampling/createMessage', ({ method, params }) => {
        seen.push({ method, meta: params._meta });
        return ANSWER;
      });
      made.setNotificationHandler('notifications/message', ({ method, params }) => {
        seen.push({ method, meta: params._meta });
      });
    }
  });
  return { client, seen };
}

const start = (endpoint: string) =>
  tracedApp('express')
    .of({ controllers: [controllerOf(endpoint)] })
    .start();

describe('what a server sends while it handles a message', () => {
  // Without a session, a client has nowhere to answer to.
  it.each(Object.keys(ENDPOINTS).filter((endpoint) => endpoint.endsWith('with sessions')))(
    'is a span, and carries the trace: a request of %s',
    async (endpoint) => {
      const { url } = await start(endpoint);
      const { client, seen } = await connectNoting(url, endpoint);
      const traceId = newTraceId();
      await client.callTool({
        name: 'asking',
        _meta: { traceparent: traceparentOf(traceId), tracestate: 'a=1' },
      });
      const span = spans.find(({ name }) => name === 'sampling/createMessage')!;
      expect(span).toMatchObject({
        kind: 'client',
        failed: false,
        attributes: { 'mcp.method.name': 'sampling/createMessage' },
      });
      expect(seen).toEqual([
        {
          method: 'sampling/createMessage',
          meta: { traceparent: traceparentOf(traceId, span.spanId), tracestate: 'a=1' },
        },
      ]);
    },
  );

  it.each(Object.keys(ENDPOINTS))(
    'is a span, and carries the trace: a notification of %s',
    async (endpoint) => {
      const { url } = await start(endpoint);
      const { client, seen } = await connectNoting(url, endpoint);
      const traceId = newTraceId();
      await client.callTool({ name: 'telling', _meta: { traceparent: traceparentOf(traceId) } });
      await eventually(() => seen.length === 1, 'the notification');
      const span = spans.find(({ name }) => name === 'notifications/message')!;
      expect(span).toMatchObject({ kind: 'producer', failed: false });
      expect(seen[0]!.meta).toEqual({ traceparent: traceparentOf(traceId, span.spanId) });
    },
  );
});
