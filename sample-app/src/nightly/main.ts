import { NestFactory } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { TracingLogger } from 'nestjs-tracing';
import { NightlyModule } from './nightly.module.js';
import { SETTLEMENT } from './settlement.job.js';

const app = await NestFactory.createApplicationContext(NightlyModule, { bufferLogs: true });
app.useLogger(app.get(TracingLogger));
app.enableShutdownHooks([], { useProcessExit: true });
process.send?.('ready');

// Run by hand: one run, then the process ends.
if (process.argv.includes('--now')) {
  await app.get(SchedulerRegistry).getCronJob(SETTLEMENT).fireOnTick();
  await app.close();
}
