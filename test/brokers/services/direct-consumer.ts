import { announce, readyService } from './run-service.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Injectable, Logger, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TraceContext, TracingModule } from 'nestjs-tracing';
import { DIRECT_CLIENTS, type DirectClientName } from './direct-clients.js';

const { CLIENT, BROKER_URL = '' } = process.env;

interface Task {
  n: number;
  sleepMs?: number;
  fails?: boolean;
}

@Injectable()
class Orders {
  private readonly logger = new Logger('Orders');
  private readonly failed = new Set<number>();

  async handle(text: string): Promise<void> {
    const { n, sleepMs = 0, fails } = JSON.parse(text) as Task;
    this.logger.log('handling', { n });
    await sleep(sleepMs);
    if (fails && !this.failed.has(n)) {
      this.failed.add(n);
      throw new Error(`failed ${n}`);
    }
    this.logger.log('handled', { n });
  }
}

/** Begins to consume in a request, which must not become part of what it consumes. */
@Controller()
class ConsumerController {
  constructor(
    private readonly orders: Orders,
    private readonly trace: TraceContext,
  ) {}

  @Post('consume')
  async consume() {
    const { consume } = DIRECT_CLIENTS[CLIENT as DirectClientName];
    await consume(BROKER_URL, this.trace, (text) => this.orders.handle(text));
    return { traceId: this.trace.traceId };
  }
}

@Module({
  imports: [TracingModule.forRoot({ logger: { level: 'debug' } })],
  controllers: [ConsumerController],
  providers: [Orders],
})
class ConsumerModule {}

const app = await NestFactory.create(ConsumerModule, { bufferLogs: true });
readyService(app);
await app.listen(0, '127.0.0.1');
announce({ url: await app.getUrl() });
