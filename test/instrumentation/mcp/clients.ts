import {
  Client as Client2,
  StreamableHTTPClientTransport as Transport2,
} from '@modelcontextprotocol/client';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterEach } from '@jest/globals';

export const SPAN = '00f067aa0ba902b7';

let traces = 0;

/** A trace id that no other test has. */
export function newTraceId(): string {
  return `${(++traces).toString(16).padStart(8, '0')}a3ce929d0e0e47364bf92f35`;
}

export function traceparentOf(traceId: string, spanId = SPAN): string {
  return `00-${traceId}-${spanId}-01`;
}

interface CallResult {
  content?: unknown;
  isError?: unknown;
}

/** An official client, of either version. */
export interface McpClient {
  callTool(
    call: { name: string; arguments?: Record<string, unknown>; _meta?: Record<string, unknown> },
    signal?: AbortSignal,
  ): Promise<CallResult>;
  listTools(): Promise<unknown>;
  ping(): Promise<unknown>;
  close(): Promise<void>;
}

const INFO = { name: 'test-client', version: '1' };
const open: McpClient[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()));
});

/** Connects the client that belongs to an endpoint. */
export async function connectTo(
  url: string,
  endpoint: string,
  headers: Record<string, string> = {},
  prepare: (client: Client1 | Client2) => void = () => {},
): Promise<McpClient> {
  const target = new URL('/mcp', url);
  const requestInit = { headers };
  const capabilities = { sampling: {} };
  let client: Client1 | Client2;
  if (endpoint.startsWith('v1')) {
    client = new Client1(INFO, { capabilities });
    prepare(client);
    await client.connect(new Transport1(target, { requestInit }));
  } else {
    const mode = endpoint.includes('without') ? { pin: '2026-07-28' } : 'legacy';
    client = new Client2(INFO, { capabilities, versionNegotiation: { mode } });
    prepare(client);
    await client.connect(new Transport2(target, { requestInit }));
  }
  const connected: McpClient = {
    // The versions take the options at different positions.
    callTool: async (call, signal) =>
      (client instanceof Client1
        ? await client.callTool(call, undefined, { signal })
        : await client.callTool(call, { signal })) as CallResult,
    listTools: () => client.listTools(),
    ping: () => client.ping(),
    close: () => client.close(),
  };
  open.push(connected);
  return connected;
}

/** The text that a tool has answered. */
export function textOf({ content }: { content?: unknown }): string {
  return (content as { text: string }[])[0]!.text;
}
