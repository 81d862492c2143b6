import { announce, readyService } from './run-service.js';
import { getQueueToken, InjectQueue } from '@nestjs/bull';
import { Body, Controller, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Job, JobOptions, Queue } from 'bull';
import { TraceContext } from 'nestjs-tracing';
import { BULL_MODULES } from './bull-queues.js';

interface NewJob {
  name: string;
  data: unknown;
  opts?: JobOptions;
}

@Controller()
class GatewayController {
  constructor(
    @InjectQueue('email') private readonly email: Queue,
    private readonly trace: TraceContext,
  ) {}

  @Post('add')
  async add(@Body() { name, data, opts }: NewJob) {
    const before = JSON.stringify({ data, opts });
    const job = await this.email.add(name, data, opts);
    return { ...this.answer([job]), isUnchanged: JSON.stringify({ data, opts }) === before };
  }

  @Post('add-unnamed')
  async addUnnamed(@Body() { data, opts }: NewJob) {
    return this.answer([await this.email.add(data, opts)]);
  }

  @Post('bulk')
  async addBulk(@Body() { jobs }: { jobs: NewJob[] }) {
    return this.answer(await this.email.addBulk(jobs));
  }

  /** As a script does: outside of every request. */
  @Post('add-outside')
  addOutside(@Body() job: NewJob) {
    outside.push(job);
  }

  @Post('stop-repeating')
  async stop(@Body() { name, opts }: NewJob) {
    await this.email.removeRepeatable(name, opts!.repeat as never);
  }

  private answer(jobs: readonly Job[]) {
    const own = jobs.flatMap(({ opts }) => Object.keys(opts)).filter((key) => /nestjs/.test(key));
    return { traceId: this.trace.traceId, ids: jobs.map(({ id }) => id), own };
  }
}

@Module({ imports: BULL_MODULES, controllers: [GatewayController] })
class GatewayModule {}

const outside: NewJob[] = [];
const app = await NestFactory.create(GatewayModule, { bufferLogs: true });
readyService(app);
await app.listen(0, '127.0.0.1');
const queue = app.get<Queue>(getQueueToken('email'));
setInterval(() => {
  for (const { name, data, opts } of outside.splice(0)) void queue.add(name, data, opts);
}, 10);
announce({ url: await app.getUrl() });
