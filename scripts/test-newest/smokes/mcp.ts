import type { IncomingMessage, ServerResponse } from 'node:http';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { All, Controller, Logger, Req, Res } from '@nestjs/common';
import { z } from 'zod';
import { smoke } from './smoke.js';

const logger = new Logger('Tools');

function serverOf(): McpServer {
  const server = new McpServer({ name: 'smoke', version: '1' }, { capabilities: { tools: {} } });
  server.registerTool('double', { inputSchema: z.object({ n: z.number() }) }, ({ n }) => {
    logger.log(`doubling ${n}`);
    return { content: [{ type: 'text' as const, text: String(2 * n) }] };
  });
  return server;
}

@Controller('mcp')
class McpController {
  private readonly handle = toNodeHandler(createMcpHandler(serverOf));

  @All()
  async serve(
    @Req() request: IncomingMessage & { body?: unknown },
    @Res() response: ServerResponse,
  ) {
    await this.handle(request, response, request.body);
  }
}

await smoke({
  metadata: { controllers: [McpController] },
  work: async (n, app) => {
    const versionNegotiation = { mode: { pin: '2026-07-28' } } as const;
    const client = new Client({ name: 'smoke-client', version: '1' }, { versionNegotiation });
    await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', await app.getUrl())));
    await client.callTool({ name: 'double', arguments: { n } });
    await client.close();
  },
  steps: [/double/],
  lines: [
    { message: /^doubling \d$/ },
    { message: 'Message finished', mcp_method: 'tools/call', mcp_tool: 'double' },
  ],
});
