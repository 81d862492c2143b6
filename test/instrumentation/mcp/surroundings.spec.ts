import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import {
  CallToolRequestSchema,
  ResultSchema,
  ToolListChangedNotificationSchema,
  type JSONRPCMessage,
} from '@modelcontextprotocol/sdk/types.js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, Logger } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { TraceContext, type SpanFinishEvent } from '../../../src/index.js';
import { eventually, LineSink } from '../../support/line-sink.js';
import { tracedApp } from '../../support/traced-app.js';
import { connectTo } from './clients.js';
import { controllerOf } from './hand-made.js';

const INFO = { name: 'test', version: '1' };
const logger = new Logger('Tools');
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((end) => end.close()));
});

function makeServer(): Server {
  const server = new Server(INFO, { capabilities: { tools: {} } });
  server.setRequestHandler(CallToolRequestSchema, async () => {
    logger.log('tool');
    await sleep(1);
    return { content: [] };
  });
  return server;
}

/** A server and a client that share nothing but memory, and what lies between them. */
async function connect(server: Server, prepare: (end: InMemoryTransport) => void = () => {}) {
  const [near, far] = InMemoryTransport.createLinkedPair();
  prepare(far);
  await server.connect(far);
  const client = new Client(INFO);
  await client.connect(near);
  open.push(client);
  return { client, far };
}

const call = (client: Client) => client.callTool({ name: 'tool' });
const toolsOf = (sink: LineSink) =>
  sink.linesOf('Message finished').filter((line) => line['mcp_tool'] === 'tool');

describe('a server that a provider holds', () => {
  it('is traced though it was connected before the module was ready', async () => {
    const server = makeServer();
    const { client } = await connect(server);
    const { sink } = await tracedApp('express')
      .of({ providers: [{ provide: 'server', useValue: server }] })
      .start();
    await call(client);
    await call(client);
    await eventually(() => toolsOf(sink).length === 2, 'two calls');
    const [first, second] = toolsOf(sink);
    expect(second!.session_id).toBe(first!.session_id);
    expect(second!.trace_id).not.toBe(first!.trace_id);
    expect(sink.linesOf('tool').map(({ span_id: id }) => id)).toEqual([
      first!.span_id,
      second!.span_id,
    ]);
  });
});

describe('a server that no container holds', () => {
  it('belongs to the newest application that runs, and stays with it', async () => {
    const first = await tracedApp('express').of({}).start();
    const second = await tracedApp('express').of({}).start();
    await second.app.close();
    const { client } = await connect(makeServer());
    await call(client);
    const third = await tracedApp('express').of({}).start();
    await call(client);
    await eventually(() => toolsOf(first.sink).length === 2, 'two calls');
    expect(toolsOf(second.sink)).toEqual([]);
    expect(toolsOf(third.sink)).toEqual([]);
  });

  it('is part of the trace of a caller in its own process', async () => {
    @Injectable()
    class Caller {
      constructor(readonly trace: TraceContext) {}
    }
    const { app, sink } = await tracedApp('express')
      .of({ providers: [Caller] })
      .start();
    const { client } = await connect(makeServer());
    const { trace } = app.get(Caller);
    await trace.run({ requestId: 'req-1', sessionId: 'session-1' }, () => call(client));
    await eventually(() => toolsOf(sink).length === 1, 'the call');
    expect(toolsOf(sink)[0]).toMatchObject({ session_id: 'session-1', request_id: 'req-1' });
    expect(toolsOf(sink)[0]!.trace_id).toBe(sink.linesOf('Run finished')[0]!.trace_id);
  });

  it('is part of the HTTP request that brings a message, even of one that is over', async () => {
    const { app, sink } = await tracedApp('express').of({}).start();
    const { far } = await connect(makeServer());
    // Its context, when the client has disconnected before its body was read.
    const inContext = app.get(TraceContext).run({}, () => AsyncLocalStorage.snapshot());
    const message = {
      jsonrpc: '2.0',
      id: 7,
      method: 'tools/call',
      params: { name: 'tool' },
    } as const;
    inContext(() => far.onmessage?.(message, { requestInfo: { headers: {} } } as never));
    await eventually(() => toolsOf(sink).length === 1, 'the call');
    expect(toolsOf(sink)[0]!.trace_id).toBe(sink.linesOf('Run finished')[0]!.trace_id);
  });

  it('has a line for what only its fallbacks handle', async () => {
    const { sink } = await tracedApp('express').of({}).start();
    const server = makeServer();
    server.fallbackRequestHandler = async () => ({});
    server.fallbackNotificationHandler = async ({ method }) => logger.log(method);
    const { client } = await connect(server);
    await client.request({ method: 'own/request' } as never, ResultSchema);
    await client.notification({ method: 'own/notification' } as never);
    const methods = () => sink.linesOf('Message finished').map((line) => line['mcp_method']);
    await eventually(() => methods().includes('own/notification'), 'the notification');
    expect(methods()).toContain('own/request');
    const [note] = sink.linesOf('own/notification');
    expect(note!.span_id).toBe(
      sink.linesOf('Message finished').find((line) => line['mcp_method'] === 'own/notification')!
        .span_id,
    );
  });
});

describe('what a transport alone does not show', () => {
  it('is when the handler of a notification ends, and how', async () => {
    const { sink } = await tracedApp('express').of({}).start();
    const server = makeServer();
    server.setNotificationHandler(
      z.object({ method: z.literal('own/changed') }),
      async ({ method }) => {
        await sleep(20);
        logger.log(method);
        throw new Error('too late');
      },
    );
    const { client } = await connect(server);
    await client.notification({ method: 'own/changed' });
    await client.notification({ method: 'own/unhandled' } as never);
    const changed = () =>
      sink.linesOf('Message finished').filter((line) => line['mcp_method'] === 'own/changed');
    await eventually(() => changed().length === 1, 'the notification');
    expect(changed()[0]).toMatchObject({ outcome: 'errored', level: 'error' });
    expect(changed()[0]!['duration_ms']).toBeGreaterThan(15);
    const [own] = sink.linesOf('own/changed');
    expect(own!.span_id).toBe(changed()[0]!.span_id);
    const methods = sink.linesOf('Message finished').map((line) => line['mcp_method']);
    expect(methods).not.toContain('own/unhandled');
  });
});

describe('a request that a client sends', () => {
  const spans: SpanFinishEvent['span'][] = [];
  const note = (message: unknown): unknown => spans.push((message as SpanFinishEvent).span);

  beforeEach(() => {
    spans.length = 0;
    subscribe('nestjs-tracing:span:finish', note);
  });
  afterEach(() => {
    unsubscribe('nestjs-tracing:span:finish', note);
  });

  const waiting = (): Server => {
    const server = new Server(INFO, { capabilities: { tools: {} } });
    server.setRequestHandler(CallToolRequestSchema, async () => {
      logger.log('waiting');
      await new Promise(() => {});
      return { content: [] };
    });
    return server;
  };
  const callSpan = () => spans.find(({ name }) => name === 'tools/call tool');

  it.each([
    ['its sender gives it up', async (_: Client, abort: () => void) => abort()],
    ['its connection closes', (client: Client) => client.close()],
  ])('is a failed span when %s', async (_, end) => {
    const { app, sink } = await tracedApp('express').of({}).start();
    const { client } = await connect(waiting());
    const abort = new AbortController();
    const called = app.get(TraceContext).run({ name: 'caller' }, async () => {
      await client
        .callTool({ name: 'tool' }, undefined, { signal: abort.signal })
        .catch(() => 'gone');
    });
    await eventually(() => sink.linesOf('waiting').length === 1, 'the tool');
    expect(callSpan()).toBeUndefined();
    await end(client, () => abort.abort());
    await called;
    expect(callSpan()).toMatchObject({ kind: 'client', failed: true });
    expect(toolsOf(sink)[0]).toMatchObject({ outcome: 'aborted' });
  });

  it('is a failed span with the error of its answer', async () => {
    const { app } = await tracedApp('express').of({}).start();
    const server = new Server(INFO, { capabilities: { tools: {} } });
    server.setRequestHandler(CallToolRequestSchema, async () => {
      throw new Error('no such tool');
    });
    const { client } = await connect(server);
    await app.get(TraceContext).run({ name: 'caller' }, () => call(client).catch(() => 'failed'));
    expect(callSpan()).toMatchObject({ failed: true, error: { message: 'no such tool' } });
  });
});

describe('a stream that stays open', () => {
  it('does not keep the trace in which it was opened', async () => {
    const { app, sink } = await tracedApp('express').of({}).start();
    const server = new Server(INFO, { capabilities: { tools: { listChanged: true } } });
    const far = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID });
    await server.connect(far);
    const http = createServer((request, response) => void far.handleRequest(request, response));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const { port } = http.address() as AddressInfo;

    const client = new Client(INFO);
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => logger.log('changed'));
    open.push(client, server, {
      close: async () => {
        http.closeAllConnections();
        http.close();
      },
    });
    const near = new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${port}`));
    await app.get(TraceContext).run({ name: 'opener' }, () => client.connect(near));
    const tell = () => server.sendToolListChanged();
    // The stream is opened after the client is connected.
    await eventually(() => {
      void tell();
      return sink.linesOf('changed').length > 0;
    }, 'the notification');
    const [opener] = sink.linesOf('Run finished');
    const [changed] = sink.linesOf('changed');
    expect(changed!.trace_id).not.toBe(opener!.trace_id);
    expect(changed!.session_id).not.toBe(opener!.session_id);
  });
});

describe('applications of one process', () => {
  it('have the lines of their own messages', async () => {
    const endpoint = 'v1 with sessions';
    const apps = await Promise.all(
      [0, 1].map(() =>
        tracedApp('express', new LineSink())
          .of({ controllers: [controllerOf(endpoint)] })
          .start(),
      ),
    );
    for (const [index, { url }] of apps.entries()) {
      const client = await connectTo(url, endpoint);
      for (let n = 0; n <= index; n++) await client.callTool({ name: 'ids' });
    }
    for (const [index, { sink }] of apps.entries()) {
      const calls = () => sink.linesOf('Message finished').filter((line) => line['mcp_tool']);
      await eventually(() => calls().length >= index + 1, 'its calls');
      expect(calls()).toHaveLength(index + 1);
    }
  });
});

describe('others that listen', () => {
  it('still see each message that comes and goes', async () => {
    const { sink } = await tracedApp('express').of({}).start();
    const seen: string[] = [];
    const note = (way: string, message: JSONRPCMessage): void => {
      seen.push(`${way} ${'method' in message ? message.method : 'answer'}`);
    };
    const { client, far } = await connect(makeServer(), (end) => {
      Object.assign(end, { onmessage: (message: JSONRPCMessage) => note('in', message) });
      const { send } = end;
      end.send = function (message, ...rest) {
        note('out', message);
        return send.call(this, message, ...rest);
      };
    });
    // Another library that comes later, and wraps what exists.
    const { send } = far;
    far.send = function (message, ...rest) {
      note('late', message);
      return send.call(this, message, ...rest);
    };
    await call(client);
    await eventually(() => toolsOf(sink).length === 1, 'the call');
    expect(toolsOf(sink)[0]).toMatchObject({ outcome: 'completed' });
    expect(seen.slice(-3)).toEqual(['in tools/call', 'late answer', 'out answer']);
    expect(seen[0]).toBe('in initialize');
  });
});
