import { announce, readyService } from './run-service.js';
import { Body, Controller, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TraceContext, TracingModule } from 'nestjs-tracing';
import { DIRECT_CLIENTS, type DirectClientName, type Sender } from './direct-clients.js';

const { CLIENT, BROKER_URL = '' } = process.env;

let sender: Sender;

/** Passes on what it receives over HTTP, with a client that is used directly. */
@Controller()
class GatewayController {
  constructor(private readonly trace: TraceContext) {}

  @Post('send')
  async send(@Body() payload: object) {
    await sender.send(this.trace.headers(), payload);
    return { traceId: this.trace.traceId };
  }
}

@Module({
  imports: [TracingModule.forRoot({ logger: { level: 'debug' } })],
  controllers: [GatewayController],
})
class GatewayModule {}

const app = await NestFactory.create(GatewayModule, { bufferLogs: true });
readyService(app);
sender = await DIRECT_CLIENTS[CLIENT as DirectClientName].openSender(BROKER_URL);
await app.listen(0, '127.0.0.1');
announce({ url: await app.getUrl() });
