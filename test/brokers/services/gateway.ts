import { announce, readyService } from './run-service.js';
import { Body, Controller, HttpException, Inject, Module, Param, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientProxy, ClientsModule, type ClientKafka } from '@nestjs/microservices';
import { TraceContext, TracingModule } from 'nestjs-tracing';
import { firstValueFrom, timeout } from 'rxjs';
import { scoped } from './scope.js';
import { connectClient, transportTo } from './transport-options.js';

/** On Kafka, messages of a partition wait for each other. */
const ANSWER_MS = process.env['TRANSPORT'] === 'kafka' ? 20_000 : 5000;

/** The entry point: passes on what it receives over HTTP. */
@Controller()
class GatewayController {
  constructor(
    @Inject('WORKER') private readonly worker: ClientProxy,
    private readonly trace: TraceContext,
  ) {}

  @Post('send/:name')
  async sendTo(@Param('name') name: string, @Body() payload: object) {
    const { traceId } = this.trace;
    const sent = this.worker.send(scoped(name), payload).pipe(timeout(ANSWER_MS));
    try {
      return { traceId, answer: await firstValueFrom<unknown>(sent) };
    } catch (error) {
      throw new HttpException({ traceId, error }, 502);
    }
  }

  @Post('send')
  send(@Body() payload: object) {
    return this.sendTo('work', payload);
  }

  @Post('emit/:name')
  async emitTo(@Param('name') name: string, @Body() payload: object) {
    await firstValueFrom(this.worker.emit(scoped(name), payload), { defaultValue: undefined });
    return { traceId: this.trace.traceId };
  }

  @Post('emit')
  emit(@Body() payload: object) {
    return this.emitTo('event', payload);
  }

  /** Kafka's alone. */
  @Post('batch')
  async batch(@Body() { payloads }: { payloads: object[] }) {
    const kafka = this.worker as unknown as ClientKafka;
    const messages = payloads.map((payload) => ({ value: JSON.stringify(payload) }));
    await firstValueFrom(kafka.emitBatch(scoped('event'), { messages }));
    return { traceId: this.trace.traceId };
  }
}

@Module({
  imports: [
    TracingModule.forRoot({ logger: { level: 'debug' } }),
    ClientsModule.register([{ name: 'WORKER', ...transportTo('worker') }]),
  ],
  controllers: [GatewayController],
})
class GatewayModule {}

const app = await NestFactory.create(GatewayModule, { bufferLogs: true });
readyService(app);
await app.listen(0, '127.0.0.1');
await connectClient(app.get<object>('WORKER'), 'work', 'retried', 'plain');
announce({ url: await app.getUrl() });
