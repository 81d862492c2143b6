import { NestFactory } from '@nestjs/core';
import { TracingLogger } from 'nestjs-tracing';
import { LISTEN_HOST, portOf } from '../addresses.js';
import { GatewayModule } from './gateway.module.js';
import { createAdapter } from './platform.js';

const app = await NestFactory.create(GatewayModule, createAdapter(process.env.PLATFORM), {
  bufferLogs: true,
});
app.useLogger(app.get(TracingLogger));
app.enableShutdownHooks([], { useProcessExit: true });
app.setGlobalPrefix('api');
await app.listen(portOf('GATEWAY_PORT'), LISTEN_HOST);
process.send?.('ready');
