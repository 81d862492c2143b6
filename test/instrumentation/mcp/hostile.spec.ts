import { describe, expect, it } from '@jest/globals';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { eventually, type Line } from '../../support/line-sink.js';
import { tracedApp, type TracedApp } from '../../support/traced-app.js';
import type { TracingModuleOptions } from '../../../src/index.js';
import { newTraceId, SPAN, traceparentOf } from './clients.js';
import { controllerOf } from './hand-made.js';

const ENDPOINT = 'v1 without sessions';
const HEX32 = /^[0-9a-f]{32}$/;

const start = (options: TracingModuleOptions = {}, endpoint = ENDPOINT) =>
  tracedApp('express')
    .with(options)
    .of({ controllers: [controllerOf(endpoint)] })
    .prepared((app) => {
      (app as NestExpressApplication).useBodyParser('json', { limit: '1mb' });
    })
    .start();

/** Sends text as it is: no client would. */
async function post(app: TracedApp, body: string, headers: Record<string, string> = {}) {
  const response = await app.send('/mcp', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body,
  });
  return { status: response.status, text: await response.text() };
}

const call = (meta: string, id = 1, name = 'ids'): string =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":${JSON.stringify(name)},"arguments":{},"_meta":${meta}}}`;

async function messagesOf(app: TracedApp, count: number): Promise<Line[]> {
  await eventually(() => app.sink.linesOf('Message finished').length >= count, `${count} messages`);
  return app.sink.linesOf('Message finished');
}

const VALID = traceparentOf('4bf92f3577b34da6a3ce929d0e0e4736');
const HOSTILE: Readonly<Record<string, string>> = {
  'a number': '{"traceparent":7}',
  'a list': `{"traceparent":["${VALID}"]}`,
  'an object': '{"traceparent":{"toString":"x"},"tracestate":{}}',
  nothing: '{"traceparent":null,"tracestate":null,"baggage":null}',
  '100 kB': `{"traceparent":"${'0'.repeat(100_000)}","tracestate":"${'a'.repeat(9000)}"}`,
  'control characters': `{"traceparent":"${VALID}\\r\\nx: y\\u0000\\u001b[31m"}`,
  'upper case': `{"traceparent":"${VALID.toUpperCase()}"}`,
  zeroes: `{"traceparent":"00-${'0'.repeat(32)}-${SPAN}-01"}`,
  __proto__: `{"__proto__":{"traceparent":"${VALID}"},"constructor":{"prototype":{}}}`,
  'ids that are not for it': '{"x-request-id":"mine","x-session-id":"mine"}',
};

describe('what a client may write into _meta', () => {
  it.each(Object.entries(HOSTILE))('ignores %s', async (_name, meta) => {
    const app = await start();
    const { status, text } = await post(app, call(meta));
    expect(status).toBe(200);
    expect(text).toContain('"result"');
    const [line] = await messagesOf(app, 1);
    expect(line).toMatchObject({ outcome: 'completed', mcp_tool: 'ids' });
    expect(line!.trace_id).toMatch(HEX32);
    expect(VALID).not.toContain(line!.trace_id);
    expect([line!.request_id, line!.session_id]).not.toContain('mine');
    expect(Object.prototype).not.toHaveProperty('traceparent');
  });

  it('keeps names that are far too long, or draw on a terminal, out of the log', async () => {
    const app = await start();
    await post(app, call('{}', 1, `${'n'.repeat(100_000)}\u001b[31m`));
    await post(app, `{"jsonrpc":"2.0","id":1,"method":"${'m'.repeat(100_000)}"}`);
    const lines = await messagesOf(app, 2);
    expect(lines.map((line) => String(line['mcp_tool'] ?? line['mcp_method']).length)).toEqual([
      128, 128,
    ]);
    expect(lines.map(({ outcome }) => outcome)).toEqual(['errored', 'errored']);
  });

  it('adopts nothing of it when the caller is not trusted', async () => {
    const app = await start({ trustIncoming: () => false });
    const traceId = newTraceId();
    await post(app, call(`{"traceparent":"${traceparentOf(traceId)}"}`));
    const [line] = await messagesOf(app, 1);
    expect(line!.trace_id).not.toBe(traceId);
    await eventually(() => app.sink.finished.length === 1, 'the request');
    expect(line!.parent_span_id).toBe(app.sink.finished[0]!.span_id);
  });

  it('forwards baggage that is allowed, and no other', async () => {
    const app = await start({ baggage: { allow: ['tenant'] } });
    await post(
      app,
      call(`{"traceparent":"${traceparentOf(newTraceId())}","baggage":"tenant=a,secret=b"}`),
    );
    await messagesOf(app, 1);
    expect(app.sink.raw.join()).not.toContain('secret');
  });
});

describe('several messages in one HTTP request', () => {
  it.each([ENDPOINT, 'v2 without sessions'])('stay several: %s', async (endpoint) => {
    const app = await start({}, endpoint);
    const traces = Array.from({ length: 20 }, newTraceId);
    const calls = traces.map((traceId, index) =>
      call(`{"traceparent":"${traceparentOf(traceId)}"}`, index),
    );
    const { status, text } = await post(app, `[${calls.join(',')}]`, {
      'mcp-protocol-version': '2025-03-26',
    });
    expect(status).toBe(200);
    for (const traceId of traces) expect(text).toContain(traceId);
    const lines = await messagesOf(app, traces.length);
    expect(lines.map((line) => line.trace_id).toSorted()).toEqual(traces.toSorted());
    expect(new Set(lines.map((line) => line.span_id)).size).toBe(traces.length);
    expect(new Set(lines.map((line) => line.request_id)).size).toBe(1);
    expect(
      app.sink
        .linesOf('ids')
        .map((line) => line.trace_id)
        .toSorted(),
    ).toEqual(traces.toSorted());
  });

  it('stay several that have the same id', async () => {
    const app = await start();
    const traces = [newTraceId(), newTraceId()];
    const calls = traces.map((traceId) => call(`{"traceparent":"${traceparentOf(traceId)}"}`, 7));
    await post(app, `[${calls.join(',')}]`, { 'mcp-protocol-version': '2025-03-26' });
    const lines = await messagesOf(app, 2);
    expect(lines.map((line) => line.trace_id).toSorted()).toEqual(traces);
    expect(new Set(lines.map((line) => line.span_id)).size).toBe(2);
    // The SDK has one place for the answers to both, and drops the second one.
    expect(lines.map(({ outcome }) => outcome)).toEqual(['completed', 'aborted']);
  });
});
