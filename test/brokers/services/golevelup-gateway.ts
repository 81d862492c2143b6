import { announce, readyService } from './run-service.js';
import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Body, Controller, Inject, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientProxy, ClientsModule, Transport } from '@nestjs/microservices';
import { TraceContext } from 'nestjs-tracing';
import { lastValueFrom } from 'rxjs';
import { EXCHANGE, RABBIT_MODULES, scopedName } from './golevelup-modules.js';

interface NewMessage {
  key: string;
  payload: object;
  options?: { headers?: Record<string, unknown> };
}

@Controller()
class GatewayController {
  constructor(
    private readonly rabbit: AmqpConnection,
    private readonly trace: TraceContext,
    @Inject('NEST') private readonly nest: ClientProxy,
  ) {}

  @Post('publish')
  async publish(@Body() { key, payload, options }: NewMessage) {
    const before = JSON.stringify(options);
    const published = await this.rabbit.publish(EXCHANGE, key, payload, options);
    const isUnchanged = JSON.stringify(options) === before;
    return { traceId: this.trace.traceId, published, isUnchanged };
  }

  /** To a queue by its name. */
  @Post('publish-to-queue')
  async publishToQueue(@Body() { key, payload }: NewMessage) {
    await this.rabbit.publish('', scopedName(key), payload);
    return { traceId: this.trace.traceId };
  }

  @Post('request')
  async request(@Body() { key, payload, options }: NewMessage) {
    const answer: unknown = await this.rabbit
      .request({ exchange: EXCHANGE, routingKey: key, payload, timeout: 2000, ...options })
      .catch((error: Error) => error.message);
    return { traceId: this.trace.traceId, answer };
  }

  @Post('nest')
  async sendByNest(@Body() { payload }: NewMessage) {
    await lastValueFrom(this.nest.emit(scopedName('nest'), payload), { defaultValue: undefined });
    return { traceId: this.trace.traceId };
  }
}

@Module({
  imports: [
    ...RABBIT_MODULES,
    ClientsModule.register([
      {
        name: 'NEST',
        transport: Transport.RMQ,
        options: {
          urls: [process.env['BROKER_URL']!],
          queue: scopedName('nest-queue'),
          queueOptions: { durable: false, autoDelete: true },
        },
      },
    ]),
  ],
  controllers: [GatewayController],
})
class GatewayModule {}

const app = await NestFactory.create(GatewayModule, { bufferLogs: true });
readyService(app);
await app.listen(0, '127.0.0.1');
announce({ url: await app.getUrl() });
