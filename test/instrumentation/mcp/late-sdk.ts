export { Client } from '@modelcontextprotocol/client';
export { InMemoryTransport, McpServer } from '@modelcontextprotocol/server';
