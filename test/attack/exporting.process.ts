import 'reflect-metadata';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TracingLogger, TracingModule } from 'nestjs-tracing';
import { OtlpModule } from 'nestjs-tracing/otlp';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createLogger, transports } from 'winston';
import { heldBytes } from '../soak/server-state.js';

// An application that exports `LINES` lines of `BYTES` to `COLLECTOR`, closes, and says how that was.

/** What it says before it ends. */
export interface ExportReport {
  /** Of what waited before the close, garbage collected. */
  readonly heldBytes: number;
  /** How long the slowest of the log calls took, milliseconds. Garbage collection is a part of it. */
  readonly slowestCallMs: number;
  /** How long 19 of 20 calls took at most. */
  readonly callMs: number;
  readonly closeMs: number;
}

// Not allowed in `NODE_OPTIONS`.
setFlagsFromString('--expose-gc');
globalThis.gc = runInNewContext('gc') as NodeJS.GCFunction;

const { COLLECTOR: url, LINES: lines, BYTES: bytes, SHUTDOWN: shutdown } = process.env;

const logger = createLogger({ transports: new transports.Console({ silent: true }) });

@Module({
  imports: [
    TracingModule.forRoot({ logger }),
    OtlpModule.forRoot({ url, protocol: 'http/json', shutdownTimeout: Number(shutdown) }),
  ],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: false });
app.useLogger(app.get(TracingLogger));
await app.listen(0, '127.0.0.1');
const orders = new Logger('Orders');
const before = await heldBytes();
const calls: number[] = [];
for (let line = 0; line < Number(lines); line++) {
  const startedAt = performance.now();
  orders.log(`order ${line} saved`.padEnd(Number(bytes), ` ${line}`));
  calls.push(performance.now() - startedAt);
  if (line % 20 === 0) await turn();
}
calls.sort((a, b) => a - b);
const held = (await heldBytes()) - before;
const closingAt = performance.now();
await app.close();
const report: ExportReport = {
  heldBytes: held,
  slowestCallMs: calls.at(-1) ?? 0,
  callMs: calls[Math.floor(calls.length * 0.95)] ?? 0,
  closeMs: performance.now() - closingAt,
};
process.send?.(report, () => process.disconnect());
