import { announce, readyService } from './run-service.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger, Module, type OnModuleInit } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TracingModule } from 'nestjs-tracing';
import PgBoss, { type Job } from 'pg-boss';

const { POSTGRES = '{}', SCHEMA: schema = 'pgboss' } = process.env;

interface Task {
  n: number;
  sleepMs?: number;
  failures?: number;
}

@Injectable()
class Worker implements OnModuleInit {
  private readonly logger = new Logger('Worker');

  private readonly tries = new Map<number, number>();

  constructor(@Inject(PgBoss) private readonly boss: PgBoss) {}

  async onModuleInit(): Promise<void> {
    await this.boss.start();
    for (const name of ['mail', 'any', 'batch']) {
      await this.boss.createQueue(name, { name, retryLimit: 2, retryDelay: 0 } as PgBoss.Queue);
    }
    for (let i = 0; i < 8; i++) {
      await this.boss.work('mail', { pollingIntervalSeconds: 0.5 }, (jobs: Job<Task>[]) =>
        this.work(jobs[0]!),
      );
    }
    await this.boss.work('any', { pollingIntervalSeconds: 0.5 }, async ([job]) => {
      this.logger.log('any', { data: job?.data ?? null });
    });
    await this.boss.work('batch', { pollingIntervalSeconds: 1, batchSize: 5 }, async (jobs) => {
      this.logger.log('batch', { ns: jobs.map(({ data }) => (data as Task).n) });
    });
  }

  private async work({ data }: Job<Task>): Promise<void> {
    const { n, sleepMs = 0, failures = 0 } = data;
    this.logger.log('working', { n, keys: Object.keys(data) });
    await sleep(sleepMs);
    const attempt = (this.tries.get(n) ?? 0) + 1;
    this.tries.set(n, attempt);
    if (attempt <= failures) throw new Error(`not yet ${n}`);
    this.logger.log('worked', { n });
  }
}

@Module({
  imports: [TracingModule.forRoot()],
  providers: [
    Worker,
    {
      provide: PgBoss,
      useFactory: () => new PgBoss({ ...(JSON.parse(POSTGRES) as object), schema, max: 5 }),
    },
  ],
})
class WorkerModule {}

const app = await NestFactory.createApplicationContext(WorkerModule, { bufferLogs: true });
readyService(app);
await app.init();
announce();
