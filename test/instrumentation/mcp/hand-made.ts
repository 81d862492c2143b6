import { McpServer as McpServer1 } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer as McpServer2 } from '@modelcontextprotocol/server';
import { All, Controller, Req, Res } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { TraceContext } from '../../../src/index.js';
import { toolsOf, type Tool, type ToolCall } from './tools.js';

export type Raw<T> = T & { raw?: T; hijack?(): void; body?: unknown };

type Handle = (request: IncomingMessage, response: ServerResponse, body: unknown) => Promise<void>;

const INFO = { name: 'test', version: '1' };
const CAPABILITIES = { capabilities: { tools: {}, logging: {} } };

/** A server as the examples of version 1 make it. */
export function serverOfVersion1(trace: TraceContext): McpServer1 {
  const server = new McpServer1(INFO, CAPABILITIES);
  for (const [name, tool] of Object.entries(toolsOf(trace))) {
    server.registerTool(name, { inputSchema: tool.parameters }, (args, extra) =>
      tool.run(args as never, {
        signal: extra.signal,
        notify: (notification) => extra.sendNotification(notification as never),
        sample: (text) =>
          server.server.createMessage(sampling(text), { relatedRequestId: extra.requestId }),
      }),
    );
  }
  return server;
}

/** A server as the examples of version 2 make it. */
export function serverOfVersion2(trace: TraceContext): McpServer2 {
  const server = new McpServer2(INFO, CAPABILITIES);
  for (const [name, tool] of Object.entries<Tool>(toolsOf(trace))) {
    server.registerTool(name, { inputSchema: z.object(tool.parameters) }, (args, { mcpReq }) =>
      tool.run(args as never, {
        signal: mcpReq.signal,
        notify: mcpReq.notify as ToolCall['notify'],
        sample: (text) => mcpReq.requestSampling(sampling(text)),
      }),
    );
  }
  return server;
}

function sampling(text: string) {
  return {
    messages: [{ role: 'user' as const, content: { type: 'text' as const, text } }],
    maxTokens: 10,
  };
}

interface SessionTransport {
  readonly sessionId?: string | undefined;
  handleRequest: Handle;
}

/** One server for each session, which is kept. */
function withSessions(
  open: (onSession: (id: string) => void) => Promise<SessionTransport>,
): Handle {
  const sessions = new Map<string, SessionTransport>();
  return async (request, response, body) => {
    const id = request.headers['mcp-session-id'];
    let transport = typeof id === 'string' ? sessions.get(id) : undefined;
    if (transport === undefined) {
      const opened = await open((session) => void sessions.set(session, opened));
      transport = opened;
    }
    await transport.handleRequest(request, response, body);
  };
}

/** How a server is made and asked, by hand. */
export const ENDPOINTS: Readonly<Record<string, (trace: TraceContext) => Handle>> = {
  'v1 with sessions': (trace) =>
    withSessions(async (onsessioninitialized) => {
      const transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized,
      });
      await serverOfVersion1(trace).connect(transport);
      return transport;
    }),
  'v1 without sessions': (trace) => async (request, response, body) => {
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
    const server = serverOfVersion1(trace);
    response.on('close', () => void server.close());
    await server.connect(transport);
    await transport.handleRequest(request, response, body);
  },
  'v2 with sessions': (trace) =>
    withSessions(async (onsessioninitialized) => {
      const transport = new NodeStreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized,
      });
      await serverOfVersion2(trace).connect(transport);
      return transport;
    }),
  'v2 without sessions': (trace) =>
    toNodeHandler(createMcpHandler(() => serverOfVersion2(trace))) as unknown as Handle,
};

/** Serves an endpoint at `/mcp`. */
export function controllerOf(endpoint: string) {
  @Controller('mcp')
  class McpController {
    readonly handle: Handle;

    constructor(trace: TraceContext) {
      this.handle = ENDPOINTS[endpoint]!(trace);
    }

    @All()
    async serve(@Req() request: Raw<IncomingMessage>, @Res() response: Raw<ServerResponse>) {
      response.hijack?.();
      await this.handle(request.raw ?? request, response.raw ?? response, request.body);
    }
  }
  return McpController;
}
