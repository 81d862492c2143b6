import 'reflect-metadata';
import { Body, Controller, Inject, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientsModule, type ClientProxy } from '@nestjs/microservices';
import { firstValueFrom, map } from 'rxjs';
import { TracingLogger, TracingModule } from '../../../src/index.js';
import '../../support/print-spans.js';
import type { Payment } from './payments.controller.js';
import { clientOptions } from './options-from-env.js';

const WORKER = Symbol('worker');

/** Receives payments over HTTP. */
@Controller()
class GatewayController {
  constructor(
    private readonly logger: TracingLogger,
    @Inject(WORKER) private readonly worker: ClientProxy,
  ) {}

  @Post('charge')
  async charge(@Body() payment: Payment): Promise<unknown> {
    this.logger.log(`sending ${payment.user}`);
    const charged = this.worker.send<object>('payment.charge', payment).pipe(
      map((answer) => {
        this.logger.log(`answered ${payment.user}`);
        return answer;
      }),
    );
    const answer = await firstValueFrom(charged);
    this.logger.log(`received ${payment.user}`);
    return answer;
  }

  @Post('note')
  note(@Body() payment: Payment): object {
    this.worker.emit('payment.noted', payment);
    this.logger.log(`emitted ${payment.user}`);
    return {};
  }
}

@Module({
  imports: [
    TracingModule.forRoot({ service: 'gateway', format: 'json' }),
    ClientsModule.register([{ name: WORKER, ...clientOptions('WORKER') }]),
  ],
  controllers: [GatewayController],
})
class GatewayModule {}

const app = await NestFactory.create(GatewayModule, { bufferLogs: true });
app.useLogger(app.get(TracingLogger));
await app.listen(0, '127.0.0.1');
process.once('SIGTERM', () => void app.close().then(() => process.exit()));
process.send?.({ port: (app.getHttpServer().address() as { port: number }).port });
