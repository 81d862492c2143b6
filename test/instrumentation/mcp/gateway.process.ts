import '../../support/print-spans.js';
import 'reflect-metadata';
import {
  Client as Client2,
  StreamableHTTPClientTransport as Transport2,
} from '@modelcontextprotocol/client';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Controller, Get, Module, Query, type OnModuleInit } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TracingLogger, TracingModule } from '../../../src/index.js';

const { MCP_URL = '', CLIENT = 'v2' } = process.env;
const INFO = { name: 'gateway', version: '1' };

async function connect(): Promise<Client1 | Client2> {
  const url = new URL(MCP_URL);
  if (CLIENT === 'v1') {
    const client = new Client1(INFO);
    await client.connect(new Transport1(url));
    return client;
  }
  const client = new Client2(INFO);
  await client.connect(new Transport2(url));
  return client;
}

/** Calls a tool, and so uses MCP as a client. */
@Controller()
class GatewayController implements OnModuleInit {
  private client!: Client1 | Client2;

  async onModuleInit(): Promise<void> {
    this.client = await connect();
  }

  @Get('kept')
  kept(@Query('url') url: string): Promise<unknown> {
    return this.client.callTool({ name: 'ask', arguments: { url } });
  }

  @Get('once')
  async once(@Query('url') url: string): Promise<unknown> {
    const client = await connect();
    const result = await client.callTool({ name: 'ask', arguments: { url } });
    await client.close();
    return result;
  }

  @Get('own')
  own(@Query('url') url: string, @Query('traceparent') traceparent: string): Promise<unknown> {
    return this.client.callTool({ name: 'ask', arguments: { url }, _meta: { traceparent } });
  }
}

@Module({
  imports: [TracingModule.forRoot({ format: 'json', service: 'gateway' })],
  controllers: [GatewayController],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { bufferLogs: true });
app.useLogger(app.get(TracingLogger));
await app.listen(0, '127.0.0.1');
const { port } = app.getHttpServer().address() as { port: number };
process.send?.({ port });
