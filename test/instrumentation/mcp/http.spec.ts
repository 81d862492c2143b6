import { describe, expect, it } from '@jest/globals';
import { eventually, type Line } from '../../support/line-sink.js';
import { PLATFORMS, tracedApp, type TracedApp } from '../../support/traced-app.js';
import { connectTo, newTraceId, SPAN, textOf, traceparentOf } from './clients.js';
import { controllerOf, ENDPOINTS } from './hand-made.js';

const CASES = Object.keys(ENDPOINTS).flatMap((endpoint) =>
  PLATFORMS.map((platform) => ({ endpoint, platform })),
);

/** The access log lines of the calls of a tool, once there are that many. */
async function callsOf({ sink }: TracedApp, tool: string, count = 1): Promise<Line[]> {
  const found = () => sink.linesOf('Message finished').filter((line) => line['mcp_tool'] === tool);
  await eventually(() => found().length >= count, `${count} × ${tool}`);
  return found();
}

describe.each(CASES)('$endpoint on $platform', ({ endpoint, platform }) => {
  const hasSessions = endpoint.endsWith('with sessions');
  const start = () =>
    tracedApp(platform)
      .of({ controllers: [controllerOf(endpoint)] })
      .start();

  it('continues the trace of each message, and finishes it with a line', async () => {
    const app = await start();
    const client = await connectTo(app.url, endpoint);
    const traceId = newTraceId();
    const result = await client.callTool({
      name: 'ids',
      _meta: { traceparent: traceparentOf(traceId), tracestate: 'a=1' },
    });
    expect(textOf(result)).toBe(traceId);
    const [line] = await callsOf(app, 'ids');
    expect(line).toMatchObject({
      transport: 'mcp',
      mcp_method: 'tools/call',
      mcp_tool: 'ids',
      outcome: 'completed',
      level: 'info',
      trace_id: traceId,
      parent_span_id: SPAN,
    });
    const [own] = app.sink.linesOf('ids');
    expect(own).toMatchObject({ trace_id: traceId, span_id: line!.span_id });
  });

  it('is part of the HTTP request when a message brings no trace', async () => {
    const app = await start();
    const client = await connectTo(app.url, endpoint, { 'x-session-id': 'session-7' });
    app.sink.clear();
    expect(textOf(await client.callTool({ name: 'ids' }))).not.toBe('lost');
    const [line] = await callsOf(app, 'ids');
    await eventually(
      () => app.sink.finished.some(({ request_id: id }) => id === line!.request_id),
      'its HTTP request',
    );
    const request = app.sink.finished.find(({ request_id: id }) => id === line!.request_id)!;
    expect(line).toMatchObject({
      trace_id: request.trace_id,
      session_id: 'session-7',
      parent_span_id: request.span_id,
    });
    expect(line!.span_id).not.toBe(request.span_id);
  });

  it('has one line for each message that is handled', async () => {
    const app = await start();
    const client = await connectTo(app.url, endpoint);
    await client.listTools();
    await client.callTool({ name: 'ids' });
    await callsOf(app, 'ids');
    const methods = app.sink.linesOf('Message finished').map((line) => line['mcp_method']);
    expect(methods).toEqual(
      endpoint === 'v2 without sessions'
        ? ['server/discover', 'tools/list', 'tools/call']
        : ['initialize', 'notifications/initialized', 'tools/list', 'tools/call'],
    );
  });

  it.each(['throwing', 'refusing', 'missing'])('is errored by a tool that is %s', async (name) => {
    const app = await start();
    const client = await connectTo(app.url, endpoint);
    const isError = await client.callTool({ name }).then(
      (result) => result.isError,
      () => true,
    );
    expect(isError).toBe(true);
    const lines = await callsOf(app, name);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ outcome: 'errored', level: 'error' });
  });

  it('is aborted when the client no longer waits for the answer', async () => {
    const app = await start();
    const client = await connectTo(app.url, endpoint);
    const controller = new AbortController();
    const call = client.callTool({ name: 'waiting' }, controller.signal).catch(() => 'gone');
    await eventually(() => app.sink.linesOf('waiting').length === 1, 'the tool');
    controller.abort();
    expect(await call).toBe('gone');
    // Without a session, a message can end no other one; the end of its connection can.
    if (!hasSessions) await client.close();
    const lines = await callsOf(app, 'waiting');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ outcome: 'aborted' });
    await eventually(() => app.sink.linesOf('stopped').length === 1, 'the end of the tool');
    expect(app.sink.linesOf('stopped')[0]!.span_id).toBe(lines[0]!.span_id);
  });
});
