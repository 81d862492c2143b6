import 'reflect-metadata';
import { Controller, Get, Logger, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { TraceContext, traceJson, TracingLogger, TracingModule } from 'nestjs-tracing';
import { TraceViewerModule } from 'nestjs-tracing/viewer';
import { createLogger, transports } from 'winston';
import { StreamReader } from '../support.js';

// Reports how much memory the trace viewer takes when it is full, and full four times over, with a page open
// that does not read.

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const BYTES = 8 * 1024 * 1024;
/** More than fits: each line is stored in about 2,000 bytes. */
const REQUESTS_TO_FILL = 600;

@Controller()
class Payments {
  private readonly logger = new Logger('Payments');
  constructor(private readonly trace: TraceContext) {}

  @Get('pay/:n')
  pay(@Param('n') n: string): string {
    // Objects of the application's must not be kept.
    const large = {
      n,
      bytes: new Uint8Array(100_000),
      list: Array.from({ length: 200 }, () => n),
    };
    this.trace.span('charge', () => this.logger.log('Charging', large), { n });
    for (let line = 0; line < 5; line++) this.logger.log('x'.repeat(900));
    return n;
  }
}

@Module({
  imports: [
    TracingModule.forRoot({
      logger: createLogger({
        format: traceJson(),
        transports: new transports.Console({ silent: true }),
      }),
    }),
    TraceViewerModule.forRoot({
      limits: { bytes: BYTES, requestsPerSecond: 1e6, linesPerSecond: 1e6 },
    }),
  ],
  controllers: [Payments],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { bufferLogs: true });
app.useLogger(app.get(TracingLogger));
await app.listen(0, '127.0.0.1');
const { port } = app.getHttpServer().address() as { port: number };

async function send(count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 20) {
    const batch = Array.from({ length: 20 }, (_, n) => fetch(`http://127.0.0.1:${port}/pay/${n}`));
    await Promise.all((await Promise.all(batch)).map((answer) => answer.text()));
  }
}

async function heap(): Promise<number> {
  // What is freed with the garbage of the first collection, the second finds.
  for (let turn = 0; turn < 4; turn++) {
    await sleep(50);
    collect();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

await send(100);
const empty = await heap();
const reader = await StreamReader.open(port);
reader.stall();
await send(REQUESTS_TO_FILL);
const full = await heap();
await send(REQUESTS_TO_FILL * 3);
const overfull = await heap();
reader.close();
await app.close();
process.send?.({ limit: BYTES, empty, full, overfull });
