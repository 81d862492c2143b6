import { NestFactory } from '@nestjs/core';
import { TracingLogger } from 'nestjs-tracing';
import { hasLedgerQueue } from '../messaging/ledger-queue.js';
import { eventsTo } from '../messaging/transport.js';
import { LedgerModule } from './ledger.module.js';

const options = { bufferLogs: true };

if (hasLedgerQueue) {
  const app = await NestFactory.createApplicationContext(LedgerModule, options);
  app.useLogger(app.get(TracingLogger));
  app.enableShutdownHooks([], { useProcessExit: true });
} else {
  const app = await NestFactory.createMicroservice(LedgerModule, {
    ...eventsTo('ledger'),
    ...options,
  });
  app.useLogger(app.get(TracingLogger));
  app.enableShutdownHooks([], { useProcessExit: true });
  await app.listen();
}
process.send?.('ready');
