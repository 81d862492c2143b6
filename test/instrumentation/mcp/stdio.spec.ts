import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { compiledProgram } from '../../support/compiled-program.js';
import { eventually, LineSink } from '../../support/line-sink.js';
import { newTraceId, SPAN, traceparentOf } from './clients.js';

const ARGUMENTS = [compiledProgram('test/instrumentation/mcp/stdio.process.ts')];
const START_MS = 20_000;
const MESSAGES = 200;

function environment(kind: string, more: Record<string, string> = {}): Record<string, string> {
  const { NODE_OPTIONS: _, ...own } = process.env as Record<string, string>;
  return { ...own, KIND: kind, ...more };
}

/** A server that an official client has started as its child, and all that the child writes. */
async function startServer(kind: string, env: Record<string, string> = {}) {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: ARGUMENTS,
    env: environment(kind, env),
    stderr: 'pipe',
  });
  const log = new LineSink();
  transport.stderr?.pipe(log);
  const mode = kind === 'modern' ? { pin: '2026-07-28' } : 'legacy';
  const client = new Client(
    { name: 'test-client', version: '1' },
    { versionNegotiation: { mode: mode as 'legacy' } },
  );
  // The client ignores what is no message, so the raw output is checked.
  const output = new LineSink();
  const { start } = transport;
  transport.start = async () => {
    await start.call(transport);
    (Reflect.get(transport, '_process') as ChildProcess).stdout?.pipe(output);
  };
  await client.connect(transport);
  return { client, log, output };
}

const messageNames = (log: LineSink): string[] => log.lines.map(({ message }) => message);

describe('a server over stdio', () => {
  it.each(['v1', 'v2', 'modern', 'rekog'])(
    'has a context for each message, and nothing else on standard output: %s',
    async (kind) => {
      const { client, log, output } = await startServer(kind);
      const tool = kind === 'rekog' ? 'pay' : 'work';
      const traceId = newTraceId();
      const _meta = { traceparent: traceparentOf(traceId) };
      await client.callTool({ name: tool, arguments: { n: 1 }, _meta });
      await client.callTool({ name: tool, arguments: { n: 2 } });
      const calls = () =>
        log.linesOf('Message finished').filter((line) => line['mcp_tool'] === tool);
      await eventually(() => calls().length === 2, 'two messages');
      await client.close();

      const [first, second] = calls();
      expect(first).toMatchObject({ trace_id: traceId, parent_span_id: SPAN, transport: 'mcp' });
      expect(second!.trace_id).not.toBe(traceId);
      expect(second!.request_id).not.toBe(first!.request_id);
      expect(second!.session_id).toBe(first!.session_id);
      expect(messageNames(log)).toEqual(
        expect.arrayContaining(['constructed', 'initialized', 'buffered']),
      );
      expect(output.raw.length).toBeGreaterThan(1);
      for (const line of output.raw) expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' });
    },
    START_MS,
  );

  it(
    'keeps the ids of messages that are handled side by side',
    async () => {
      const { client, log } = await startServer('v2');
      const traces = Array.from({ length: MESSAGES }, newTraceId);
      await Promise.all(
        traces.map(async (traceId, n) => {
          await sleep(n % 11);
          const _meta = { traceparent: traceparentOf(traceId) };
          await client.callTool({ name: 'work', arguments: { n }, _meta });
        }),
      );
      const calls = () => log.linesOf('Message finished').filter((line) => line['mcp_tool']);
      await eventually(() => calls().length === MESSAGES, 'all messages');
      await client.close();
      for (const line of log.lines.filter((one) => 'n' in one)) {
        expect(line.trace_id).toBe(traces[line['n'] as number]);
      }
      expect(new Set(calls().map((line) => line.trace_id))).toEqual(new Set(traces));
      expect(new Set(calls().map((line) => line.request_id)).size).toBe(MESSAGES);
      expect(new Set(calls().map((line) => line.session_id)).size).toBe(1);
    },
    START_MS,
  );

  it(
    'has all its lines on standard error, however late it is served, where the options say so',
    async () => {
      const { client, log, output } = await startServer('v1', { OUTPUT: 'stderr', DELAY: '1500' });
      await client.close();
      expect(messageNames(log)).toContain('constructed');
      for (const line of output.raw) expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' });
    },
    START_MS,
  );
});

describe('an application that could serve over stdio, and does not', () => {
  it(
    'has its lines on standard output',
    async () => {
      const child = spawn(process.execPath, ARGUMENTS, { env: environment('none') });
      const [output, log] = [new LineSink(), new LineSink()];
      child.stdout.pipe(output);
      child.stderr.pipe(log);
      await once(child.stdout, 'data');
      await eventually(() => messageNames(output).includes('buffered'), 'its lines');
      child.kill();
      expect(messageNames(output)).toEqual(
        expect.arrayContaining(['constructed', 'initialized', 'buffered']),
      );
      expect(log.raw).toEqual([]);
    },
    START_MS,
  );
});
