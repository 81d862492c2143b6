import { announce, readyService } from './run-service.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { TraceContext, TracingModule } from 'nestjs-tracing';
import { scoped } from './scope.js';
import { listenAs } from './transport-options.js';

type Events = Record<string, { n: number }>;

/** The last in the chain. */
@Controller()
class LedgerController {
  private readonly logger = new Logger('Ledger');

  constructor(private readonly trace: TraceContext) {}

  @MessagePattern(scoped('book'))
  async book(@Payload() { n }: { n: number }) {
    await sleep(n % 5);
    this.logger.log('booked', { n });
    return { traceId: this.trace.traceId };
  }

  @EventPattern<Events>(scoped('booked'))
  async booked(@Payload() { n }: { n: number }): Promise<void> {
    await sleep(n % 5);
    this.logger.log('booked', { n });
  }
}

@Module({
  imports: [TracingModule.forRoot({ logger: { level: 'debug' } })],
  controllers: [LedgerController],
})
class LedgerModule {}

const app = await NestFactory.createMicroservice(LedgerModule, {
  ...listenAs('ledger'),
  bufferLogs: true,
});
readyService(app);
await app.listen();
announce();
