import { beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Line } from '../../support/line-sink.js';
import { ServiceProcess, untilTrees } from '../../support/service-process.js';
import { tracedApp } from '../../support/traced-app.js';
import { newTraceId, SPAN, traceparentOf } from './clients.js';
import { EchoController } from './echo.controller.js';

const PROCESSES = join(process.cwd(), 'test/instrumentation/mcp');
const START_MS = 20_000;
const SETTLE_MS = 200;

describe.each([
  { client: 'v1', mode: 'sessions' },
  { client: 'v2', mode: 'no sessions' },
])('a client $client in a service, a server with $mode, and what it asks', ({ client, mode }) => {
  let gateway: ServiceProcess;
  let tools: ServiceProcess;

  beforeAll(async () => {
    tools = await ServiceProcess.start(join(PROCESSES, 'rekog.process.ts'), { MODE: mode });
    const url = `http://127.0.0.1:${String(tools.ready['port'])}/mcp`;
    gateway = await ServiceProcess.start(join(PROCESSES, 'gateway.process.ts'), {
      MCP_URL: url,
      CLIENT: client,
    });
  }, START_MS);

  /** All lines of all services, when one request has gone through them. */
  const linesOf = async (path: string, traceId: string, query = ''): Promise<Line[]> => {
    const echo = await tracedApp('express')
      .of({ controllers: [EchoController] })
      .start();
    const target = `http://127.0.0.1:${String(gateway.ready['port'])}/${path}?url=${echo.url}/echo${query}`;
    const response = await fetch(target, { headers: { traceparent: traceparentOf(traceId) } });
    expect(response.status).toBe(200);
    // What is logged after the answer: notifications, streams that close.
    await sleep(SETTLE_MS);
    const all = (): Line[] => [...gateway.lines, ...tools.lines, ...echo.sink.lines];
    await untilTrees(all, traceId);
    return all();
  };

  it.each(['kept', 'once'])('are one tree, with a connection that is %s', async (path) => {
    const traceId = newTraceId();
    const lines = await linesOf(path, traceId);
    const own = lines.filter((line) => line.trace_id === traceId);
    const span = own.find((line) => line['name'] === 'tools/call ask')!;
    const call = own.find((line) => line['mcp_tool'] === 'ask')!;
    expect(span).toMatchObject({ kind: 'client', failed: false, 'gen_ai.tool.name': 'ask' });
    expect(call['parent_span_id']).toBe(span.span_id);
    const echo = own.find((line) => line['route'] === '/echo')!;
    const fetched = own.find((line) => line.span_id === echo['parent_span_id'])!;
    expect(fetched['parent_span_id']).toBe(call.span_id);
  });

  it('leave a trace alone that the caller has chosen', async () => {
    const [own, other] = [newTraceId(), newTraceId()];
    const lines = await linesOf('own', own, `&traceparent=${traceparentOf(other)}`);
    const call = lines.find((line) => line['mcp_tool'] === 'ask' && line.trace_id === other);
    expect(call).toMatchObject({ parent_span_id: SPAN });
  });
});
