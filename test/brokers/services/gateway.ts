import { announce, readyService } from './run-service.js';
import { Body, Controller, HttpException, Inject, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientProxy, ClientsModule } from '@nestjs/microservices';
import { TraceContext, TracingModule } from 'nestjs-tracing';
import { firstValueFrom, timeout } from 'rxjs';
import { connectClient, scoped, transportTo } from './transport-options.js';

const ANSWER_MS = 5000;

/** The entry point: passes on what it receives over HTTP. */
@Controller()
class GatewayController {
  constructor(
    @Inject('WORKER') private readonly worker: ClientProxy,
    private readonly trace: TraceContext,
  ) {}

  @Post('send')
  async send(@Body() payload: object) {
    const { traceId } = this.trace;
    const sent = this.worker.send(scoped('work'), payload).pipe(timeout(ANSWER_MS));
    try {
      return { traceId, answer: await firstValueFrom<unknown>(sent) };
    } catch (error) {
      throw new HttpException({ traceId, error }, 502);
    }
  }

  @Post('emit')
  async emit(@Body() payload: object) {
    await firstValueFrom(this.worker.emit(scoped('event'), payload), { defaultValue: undefined });
    return { traceId: this.trace.traceId };
  }

  @Post('redeliver')
  async redeliver(@Body() payload: object) {
    await firstValueFrom(this.worker.emit(scoped('redeliver'), payload), {
      defaultValue: undefined,
    });
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
await connectClient(app.get<ClientProxy>('WORKER'));
announce({ url: await app.getUrl() });
