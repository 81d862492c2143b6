/**
 * What a call at a level below the logger's costs, in nanoseconds of CPU:
 * `node --import ./test/support/register-typescript.mjs test/benchmarks/recorded-calls.ts`.
 *
 * Each figure is the least of twelve batches, as what other processes take only adds to it.
 */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Writable } from 'node:stream';
import { createLogger, format, transports, type Logger } from 'winston';
import {
  LogLevels,
  TraceContext,
  traceJson,
  traceLogger,
  TracingLogger,
  TracingModule,
} from 'nestjs-tracing';

const CALLS = 20_000;
const BATCHES = 12;

const nowhere = new Writable({ write: (_chunk, _encoding, next) => next() });
const stream = (): transports.StreamTransportInstance => new transports.Stream({ stream: nowhere });

async function application(isRecorded: boolean) {
  const logger = createLogger({ level: 'info', format: traceJson(), transports: stream() });
  @Module({
    imports: [TracingModule.forRoot({ logger, flightRecorder: isRecorded, accessLog: false })],
  })
  class AppModule {}
  return NestFactory.createApplicationContext(AppModule, { logger: false });
}

/** Nanoseconds of one call, in traces of two hundred calls as a busy request has. */
function time(trace: TraceContext, call: (i: number) => void): number {
  let least = Infinity;
  for (let batch = 0; batch < BATCHES; batch++) {
    const before = process.cpuUsage();
    for (let i = 0; i < CALLS; i += 200) {
      trace.run(undefined, () => {
        for (let k = 0; k < 200; k++) call(i + k);
      });
    }
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, ((user + system) * 1000) / CALLS);
  }
  return Math.round(least);
}

function calls(nest: TracingLogger, own: Logger): Record<string, (i: number) => void> {
  const child = own.child({ part: 'billing' });
  return {
    nothing: () => {},
    'nest: a text': () => nest.debug('Charging a payment', 'PaymentService'),
    'nest: a text that is made': (i) => nest.debug(`Charging payment ${i}`, 'PaymentService'),
    'nest: three fields': (i) =>
      nest.debug('Charging', { payment: i, currency: 'EUR', isTest: false }, 'PaymentService'),
    'nest: nested fields': (i) =>
      nest.debug('Charging', { payment: { id: i, tags: ['a', 'b'], by: { name: 'Ada' } } }),
    'winston: a text': () => own.debug('Charging a payment'),
    'winston: three fields': (i) =>
      own.debug('Charging', { payment: i, currency: 'EUR', isTest: false }),
    'winston child: three fields': (i) =>
      child.debug('Charging', { payment: i, currency: 'EUR', isTest: false }),
  };
}

const own = traceLogger(
  createLogger({ level: 'info', format: format.json(), transports: stream() }),
);
const table: Record<string, Record<string, number>> = {};

async function measure(column: string, isRecorded: boolean, withRule = false): Promise<void> {
  const app = await application(isRecorded);
  const trace = app.get(TraceContext);
  if (withRule) app.get(LogLevels).set({ sessionId: 'another' }, 'debug');
  for (const [name, call] of Object.entries(calls(app.get(TracingLogger), own))) {
    (table[name] ??= {})[column] = time(trace, call);
  }
  await app.close();
}

await measure('off', false);
await measure('kept', true);
await measure('a rule for another', false, true);
console.table(table);
