import { beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { eventually, type Line } from '../../support/line-sink.js';
import { ServiceProcess, untilTrees } from '../../support/service-process.js';
import { tracedApp } from '../../support/traced-app.js';
import { connectTo, newTraceId, SPAN, textOf, traceparentOf } from './clients.js';
import { EchoController } from './echo.controller.js';

const FILE = join(process.cwd(), 'test/instrumentation/mcp/rekog.process.ts');
const START_MS = 20_000;
const SEEN = ['guard', 'interceptor', 'pipe', 'handler', 'after'];

// It is CommonJS, and cannot be loaded beside NestJS 12 by Jest: each server is a process of its own.
describe.each(['sessions', 'no sessions'])('@rekog/mcp-nest with %s', (mode) => {
  const endpoint = mode === 'sessions' ? 'v2 with sessions' : 'v2 without sessions';
  let service: ServiceProcess;

  beforeAll(async () => {
    service = await ServiceProcess.start(FILE, { MODE: mode });
  }, START_MS);

  const connect = () => connectTo(`http://127.0.0.1:${String(service.ready['port'])}`, endpoint);

  /** The access log line of the only call of a tool in this trace, and that of its HTTP request. */
  const callOf = async (tool: string, traceId: string): Promise<[Line, Line]> => {
    const calls = () =>
      service.lines.filter((line) => line['mcp_tool'] === tool && line.trace_id === traceId);
    const requests = () =>
      service.lines.filter(
        (line) => line.message === 'Request finished' && line.request_id === calls()[0]?.request_id,
      );
    await eventually(() => requests().length > 0, `a call of ${tool}`);
    expect(calls()).toHaveLength(1);
    return [calls()[0]!, requests()[0]!];
  };

  it('has one context for each message, in all that handles it', async () => {
    const client = await connect();
    const traceId = newTraceId();
    const _meta = { traceparent: traceparentOf(traceId) };
    await client.callTool({ name: 'pay', arguments: { n: 3 }, _meta });
    const [pay, request] = await callOf('pay', traceId);
    expect(pay).toMatchObject({
      transport: 'mcp',
      mcp_method: 'tools/call',
      mcp_tool: 'pay',
      handler: 'PaymentTools.pay',
      outcome: 'completed',
      trace_id: traceId,
      parent_span_id: SPAN,
    });
    const own = service.lines.filter(
      (line) => line['context'] === 'Seen' && line.span_id === pay.span_id,
    );
    expect(own.map(({ message }) => message)).toEqual(SEEN);
    for (const line of own) {
      expect(line).toMatchObject({ trace_id: traceId, request_id: pay.request_id });
    }
    expect(request.request_id).toBe(pay.request_id);
    expect(request.session_id).toBe(pay.session_id);
  });

  it('has one errored line for a tool that throws, and a filter in its context', async () => {
    const client = await connect();
    const traceId = newTraceId();
    const _meta = { traceparent: traceparentOf(traceId) };
    const { isError } = await client.callTool({ name: 'refund', _meta });
    expect(isError).toBe(true);
    const [refund] = await callOf('refund', traceId);
    expect(refund).toMatchObject({ outcome: 'errored', handler: 'PaymentTools.refund' });
    const filters = service.lines.filter(({ message }) => message === 'filter');
    expect(filters.map((line) => line.span_id)).toEqual([refund.span_id]);
  });

  it('is one tree with what a tool asks another service', async () => {
    const client = await connect();
    const other = await tracedApp('express')
      .of({ controllers: [EchoController] })
      .start();
    const traceId = newTraceId();
    const result = await client.callTool({
      name: 'ask',
      arguments: { url: `${other.url}/echo` },
      _meta: { traceparent: traceparentOf(traceId) },
    });
    expect(JSON.parse(textOf(result))).toEqual({ traceId, answer: traceId });
    await callOf('ask', traceId);
    await other.sink.finishes(1);
    const lines = (): Line[] => [...service.lines, ...other.sink.lines];
    await untilTrees(lines, traceId);
    const own = lines().filter((line) => line.trace_id === traceId);
    const kinds = own.map(({ message }) => message);
    expect(kinds).toEqual(
      expect.arrayContaining(['Message finished', 'Span finished', 'Request finished']),
    );
  });
});
