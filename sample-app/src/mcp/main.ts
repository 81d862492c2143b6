import { NestFactory } from '@nestjs/core';
import { McpStrategy, StreamableHttpTransport } from '@rekog/mcp-nest';
import { TracingLogger } from 'nestjs-tracing';
import { LISTEN_HOST, portOf } from '../addresses.js';
import { McpModule } from './mcp.module.js';

const app = await NestFactory.create(McpModule, { bufferLogs: true });
app.useLogger(app.get(TracingLogger));
app.enableShutdownHooks([], { useProcessExit: true });
const mcp = new McpStrategy({
  name: 'payments',
  version: '1.0.0',
  transports: [new StreamableHttpTransport()],
  httpAdapter: app.getHttpAdapter(),
});
app.connectMicroservice({ strategy: mcp });
await app.startAllMicroservices();
await app.listen(portOf('MCP_PORT'), LISTEN_HOST);
process.send?.('ready');
