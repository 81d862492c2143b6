import { announce, readyService } from './run-service.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { BullModule } from '@nestjs/bullmq';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Worker, type Job } from 'bullmq';
import { TracingModule, traceWorker } from 'nestjs-tracing';

interface Task {
  n: number;
  sleepMs?: number;
  failures?: number;
}

const { REDIS_URL = '', PREFIX = '' } = process.env;
const connection = { url: REDIS_URL };
const logger = new Logger('Functions');

async function work({ data, attemptsMade }: Job<Task>): Promise<void> {
  const { n, sleepMs = 0, failures = 0 } = data;
  logger.log('processing', { n });
  await sleep(sleepMs);
  if (attemptsMade < failures) throw new Error(`not yet ${n}`);
  logger.log('processed', { n });
}

@Module({
  imports: [
    TracingModule.forRoot({ logger: { level: 'debug' } }),
    BullModule.registerQueue({
      name: 'email',
      connection,
      prefix: PREFIX,
      processors: [{ callback: work, concurrency: 50 }],
    }),
  ],
})
class WorkerModule {}

const byHand = traceWorker(
  new Worker('scoped', work, { connection, prefix: PREFIX, concurrency: 50, autorun: false }),
);
const app = await NestFactory.createApplicationContext(WorkerModule, { bufferLogs: true });
readyService(app);
await app.init();
const running = byHand.run();
announce();
process.once('SIGTERM', () => void byHand.close());
await running;
