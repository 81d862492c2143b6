import { announce, readyService } from './run-service.js';
import { InjectFlowProducer, InjectQueue } from '@nestjs/bullmq';
import { Body, Controller, Module, Param, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { FlowJob, FlowProducer, JobsOptions, Queue, RepeatOptions } from 'bullmq';
import { TraceContext } from 'nestjs-tracing';
import { QUEUE_MODULES } from './queues.js';

interface NewJob {
  name: string;
  data: unknown;
  opts?: JobsOptions;
}

@Controller()
class GatewayController {
  constructor(
    @InjectQueue('email') private readonly email: Queue,
    @InjectQueue('scoped') private readonly scoped: Queue,
    @InjectFlowProducer('flows') private readonly flows: FlowProducer,
    private readonly trace: TraceContext,
  ) {}

  @Post('add')
  async add(@Body() { name, data, opts }: NewJob) {
    return this.answer([await this.email.add(name, data, opts)]);
  }

  @Post('add-scoped')
  async addScoped(@Body() { name, data, opts }: NewJob) {
    return this.answer([await this.scoped.add(name, data, opts)]);
  }

  @Post('bulk')
  async addBulk(@Body() { jobs }: { jobs: NewJob[] }) {
    return this.answer(await this.email.addBulk(jobs));
  }

  @Post('flow')
  async addFlow(@Body() flow: FlowJob) {
    const before = JSON.stringify(flow);
    const { job } = await this.flows.add(flow);
    return { ...this.answer([job]), isUnchanged: JSON.stringify(flow) === before };
  }

  @Post('flows')
  async addFlows(@Body() { flows }: { flows: FlowJob[] }) {
    return this.answer((await this.flows.addBulk(flows)).map(({ job }) => job));
  }

  @Post('schedule/:id')
  async schedule(
    @Param('id') id: string,
    @Body() { repeat, ...job }: NewJob & { repeat: RepeatOptions },
  ) {
    await this.email.upsertJobScheduler(id, repeat, job);
    return this.answer([]);
  }

  @Post('unschedule/:id')
  unschedule(@Param('id') id: string) {
    return this.email.removeJobScheduler(id);
  }

  /** As a script does: outside of every request. */
  @Post('add-outside')
  addOutside(@Body() { name, data, opts }: NewJob) {
    outside.push({ name, data, opts });
  }

  private answer(jobs: readonly { id?: string }[]) {
    return { traceId: this.trace.traceId, ids: jobs.map(({ id }) => id) };
  }
}

@Module({ imports: QUEUE_MODULES, controllers: [GatewayController] })
class GatewayModule {}

const outside: NewJob[] = [];
const app = await NestFactory.create(GatewayModule, { bufferLogs: true });
readyService(app);
await app.listen(0, '127.0.0.1');
const queue = app.get<Queue>('BullQueue_email');
setInterval(() => {
  for (const { name, data, opts } of outside.splice(0)) void queue.add(name, data, opts);
}, 10);
announce({ url: await app.getUrl() });
