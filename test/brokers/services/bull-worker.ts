import { announce, readyService } from './run-service.js';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  InjectQueue,
  OnGlobalQueueCompleted,
  OnQueueActive,
  OnQueueCompleted,
  OnQueueDrained,
  OnQueueFailed,
  OnQueueProgress,
  OnQueueStalled,
  Process,
  Processor,
} from '@nestjs/bull';
import { Injectable, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { DoneCallback, Job, Queue } from 'bull';
import { BULL_MODULES } from './bull-queues.js';

interface Task {
  n?: number;
  sleepMs?: number;
  failures?: number;
}

const { IMMORTAL } = process.env;

/** Deeper in the application, without the job in its hands. */
@Injectable()
class Mailer {
  private readonly logger = new Logger('Mailer');

  async send(n: number | undefined): Promise<void> {
    await sleep(1);
    this.logger.log('mailed', { n });
  }
}

@Processor('email')
class EmailProcessor {
  private readonly logger = new Logger('EmailProcessor');

  constructor(
    @InjectQueue('ledger') private readonly ledger: Queue,
    private readonly mailer: Mailer,
  ) {}

  @Process()
  async unnamed(job: Job<Task>): Promise<unknown> {
    return this.work(job);
  }

  @Process({ name: 'plain', concurrency: 50 })
  async plain(job: Job<Task>): Promise<unknown> {
    return this.work(job);
  }

  @Process('progress')
  async progress(job: Job<Task>): Promise<unknown> {
    await job.progress(50);
    return this.work(job);
  }

  @Process('chain')
  async chain(job: Job<Task>): Promise<unknown> {
    await this.ledger.add('book', { n: job.data.n });
    return this.work(job);
  }

  @Process('callback')
  callback({ data: { n, failures = 0 } }: Job<Task>, done: DoneCallback): void {
    this.logger.log('processing', { n });
    setTimeout(() => {
      this.logger.log('processed', { n });
      done(failures > 0 ? new Error('called back') : null, { n });
    }, 5);
  }

  @Process('throws')
  throws({ data: { n } }: Job<Task>): void {
    this.logger.log('processing', { n });
    throw new TypeError(`thrown ${n}`);
  }

  @Process('die')
  async die(job: Job<Task>): Promise<unknown> {
    this.logger.log('processing', { n: job.data.n });
    await sleep(20);
    if (IMMORTAL === undefined) process.kill(process.pid, 'SIGKILL');
    return this.work(job);
  }

  @OnQueueActive()
  onActive(job: Job<Task>): void {
    this.logger.log('on active', { n: job.data.n });
  }

  @OnQueueProgress()
  onProgress(job: Job<Task>, progress: unknown): void {
    this.logger.log('on progress', { n: job.data.n, progress });
  }

  @OnQueueCompleted()
  onCompleted(job: Job<Task>): void {
    this.logger.log('on completed', { n: job.data.n });
  }

  @OnQueueFailed()
  onFailed(job: Job<Task>, error: Error): void {
    this.logger.log('on failed', { n: job.data.n, reason: error.message });
  }

  @OnQueueStalled()
  onStalled(job: Job<Task> | string): void {
    if (typeof job === 'object') this.logger.log('on stalled', { n: job.data.n });
  }

  @OnQueueDrained()
  onDrained(): void {
    this.logger.log('on drained');
  }

  @OnGlobalQueueCompleted({ name: 'plain' })
  onGlobalCompleted({ data, opts }: Job<Task>): void {
    const own = Object.keys(opts).filter((key) => /nestjs/.test(key));
    this.logger.log('on global completed', { task: data.n, own });
  }

  private async work({ data, opts, attemptsMade }: Job<Task>): Promise<unknown> {
    const { n, sleepMs = 0, failures = 0 } = data;
    const own = Object.keys(opts).filter((key) => /nestjs/.test(key));
    this.logger.log('processing', { n, data, own });
    await sleep(sleepMs);
    await this.mailer.send(n);
    if (attemptsMade < failures) throw new Error(`not yet ${n}`);
    this.logger.log('processed', { n });
    return data;
  }
}

@Processor('ledger')
class LedgerProcessor {
  private readonly logger = new Logger('LedgerProcessor');

  @Process('*')
  book({ data, name }: Job<Task>): void {
    this.logger.log('booked', { n: data.n, name });
  }
}

@Module({ imports: BULL_MODULES, providers: [EmailProcessor, LedgerProcessor, Mailer] })
class WorkerModule {}

const app = await NestFactory.createApplicationContext(WorkerModule, { bufferLogs: true });
readyService(app);
await app.init();
announce();
