import { NestFactory } from '@nestjs/core';
import { TracingLogger } from 'nestjs-tracing';
import { messagesTo } from '../messaging/transport.js';
import { WorkerModule } from './worker.module.js';

const app = await NestFactory.createMicroservice(WorkerModule, {
  ...messagesTo('worker'),
  bufferLogs: true,
});
app.useLogger(app.get(TracingLogger));
app.enableShutdownHooks([], { useProcessExit: true });
await app.listen();
process.send?.('ready');
