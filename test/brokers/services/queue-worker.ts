import { announce, readyService } from './run-service.js';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  InjectQueue,
  OnQueueEvent,
  OnWorkerEvent,
  Processor,
  QueueEventsHost,
  QueueEventsListener,
  WorkerHost,
} from '@nestjs/bullmq';
import { Injectable, Logger, Module, Scope } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DelayedError, type Job, type Queue } from 'bullmq';
import { QUEUE_MODULES } from './queues.js';

interface Task {
  n?: number;
  sleepMs?: number;
  failures?: number;
}

const { CONCURRENCY, IMMORTAL } = process.env;

const workerOptions = {
  concurrency: Number(CONCURRENCY ?? 5),
  lockDuration: 1000,
  stalledInterval: 500,
};

/** Deeper in the application, without the job in its hands. */
@Injectable()
class Mailer {
  private readonly logger = new Logger('Mailer');

  async send(n: number | undefined): Promise<void> {
    await sleep(1);
    this.logger.log('mailed', { n });
  }
}

@Processor('email', workerOptions)
class EmailProcessor extends WorkerHost {
  private readonly logger = new Logger('EmailProcessor');

  constructor(
    @InjectQueue('ledger') private readonly ledger: Queue,
    private readonly mailer: Mailer,
  ) {
    super();
  }

  async process(job: Job<Task>, token?: string): Promise<unknown> {
    const { n, sleepMs = 0, failures = 0 } = job.data;
    this.logger.log('processing', { n, data: job.data });
    await sleep(sleepMs);
    await this.mailer.send(n);
    if (job.name === 'progress') await job.updateProgress(50);
    if (job.name === 'chain') await this.ledger.add('book', { n });
    if (job.name === 'die' && IMMORTAL === undefined) process.kill(process.pid, 'SIGKILL');
    if (job.name === 'later' && job.attemptsStarted === 1) {
      await job.moveToDelayed(Date.now() + 50, token);
      throw new DelayedError();
    }
    if (job.attemptsMade < failures) throw new Error(`not yet ${n}`);
    this.logger.log('processed', { n });
    return job.data;
  }

  @OnWorkerEvent('active')
  onActive(job: Job<Task>): void {
    this.logger.log('on active', { n: job.data.n });
  }

  @OnWorkerEvent('progress')
  onProgress(job: Job<Task>, progress: unknown): void {
    this.logger.log('on progress', { n: job.data.n, progress });
  }

  @OnWorkerEvent('completed')
  onCompleted(job: Job<Task>): void {
    this.logger.log('on completed', { n: job.data.n });
  }

  @OnWorkerEvent('failed')
  onFailed(job: Job<Task> | undefined, error: Error): void {
    this.logger.log('on failed', { n: job?.data.n, reason: error.message });
  }

  @OnWorkerEvent('drained')
  onDrained(): void {
    this.logger.log('on drained');
  }
}

@Processor('ledger', workerOptions)
class LedgerProcessor extends WorkerHost {
  private readonly logger = new Logger('LedgerProcessor');

  async process({ data, name }: Job<Task>): Promise<void> {
    await sleep(data.sleepMs ?? 0);
    this.logger.log('booked', { n: data.n, name });
  }
}

@Processor({ name: 'scoped', scope: Scope.REQUEST }, workerOptions)
class ScopedProcessor extends WorkerHost {
  private readonly logger = new Logger('ScopedProcessor');

  async process({ data }: Job<Task>): Promise<void> {
    await sleep(1);
    this.logger.log('scoped', { n: data.n });
  }
}

@QueueEventsListener('email')
class EmailEvents extends QueueEventsHost {
  private readonly logger = new Logger('EmailEvents');

  @OnQueueEvent('completed')
  onCompleted({ jobId }: { jobId: string }): void {
    this.logger.log('queue event', { jobId });
  }
}

@Module({
  imports: QUEUE_MODULES,
  providers: [EmailProcessor, LedgerProcessor, ScopedProcessor, EmailEvents, Mailer],
})
class WorkerModule {}

const app = await NestFactory.createApplicationContext(WorkerModule, { bufferLogs: true });
readyService(app);
await app.init();
announce();
