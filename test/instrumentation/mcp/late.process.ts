import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { TracingModule } from '../../../src/index.js';

const { KIND = '' } = process.env;

interface End {
  connect(transport: object): Promise<void>;
  close(): Promise<void>;
}

/** What both versions export. */
interface Sdk {
  readonly McpServer: new (info: object) => End & {
    registerTool(name: string, config: object, run: () => object): void;
  };
  readonly Client: new (info: object) => End & { callTool(call: object): Promise<unknown> };
  readonly InMemoryTransport: { createLinkedPair(): [object, object] };
}

const require = createRequire(import.meta.url);
const V1 = ['server/mcp.js', 'client/index.js', 'inMemory.js'].map(
  (entry) => `@modelcontextprotocol/sdk/${entry}`,
);
const V2 = ['@modelcontextprotocol/server', '@modelcontextprotocol/client'];

/** Loads the SDK in one of the ways in which an application may load it when it runs already. */
async function load(): Promise<Sdk> {
  const merge = (modules: object[]): Sdk => Object.assign({}, ...modules) as Sdk;
  if (KIND === 'import v1') return merge(await Promise.all(V1.map((name) => import(name))));
  if (KIND === 'import v2') return merge(await Promise.all(V2.map((name) => import(name))));
  if (KIND === 'require v1') return merge(V1.map((name) => require(name) as object));
  if (KIND === 'require v2') return merge(V2.map((name) => require(name) as object));
  return (await import('./late-sdk.js')) as unknown as Sdk;
}

@Module({ imports: [TracingModule.forRoot({ format: 'json', output: 'stdout' })] })
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
const { McpServer, Client, InMemoryTransport } = await load();
const server = new McpServer({ name: 'late', version: '1' });
server.registerTool('late', {}, () => ({ content: [] }));
const client = new Client({ name: 'late', version: '1' });
const [there, here] = InMemoryTransport.createLinkedPair();
await server.connect(there);
await client.connect(here);
await client.callTool({ name: 'late', arguments: {} });
await sleep(100);
await client.close();
await app.close();
