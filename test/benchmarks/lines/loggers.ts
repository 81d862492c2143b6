import { AsyncLocalStorage } from 'node:async_hooks';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  TraceContext,
  TracingLogger,
  TracingModule,
  type TracingModuleOptions,
} from 'nestjs-tracing';
import { pino } from 'pino';
import sonicBoom from 'sonic-boom';
import { createLogger, format, transports } from 'winston';

export interface Contestant {
  /** Writes one line, or logs one at a level that is off. */
  write: (message: string) => void;
  /** Runs the loop in the context whose ids are on the lines. */
  within: <T>(fn: () => T) => T;
}

const ids = {
  trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
  request_id: '5f1c2a9e-7d3b-4c86-9a40-000000000001',
  session_id: '0b0e6f0c-2a51-4d0e-8c1d-2f6f0a9f3c11',
};
const storage = new AsyncLocalStorage<typeof ids>();
const within = <T>(fn: () => T): T => storage.run(ids, fn);

/** The loop alone: taken off everyone's time. */
export const emptyLoop = 'nothing';

export const ours = 'nestjs-tracing, `TracingLogger`';
export const pinoWithoutIds = 'pino, without ids';

export const loggers: Record<string, () => Contestant | Promise<Contestant>> = {
  [emptyLoop]: () => ({ write: () => {}, within }),
  'concatenation into sonic-boom': concatenation,
  [ours]: () => tracing((logger, message) => logger.log(message, 'Payments')),
  'nestjs-tracing, three fields': () => tracing(withFields),
  'nestjs-tracing, three fields, `redact: false`': () => tracing(withFields, { redact: false }),
  'nestjs-tracing, a level that is off': () =>
    tracing((logger, message) => logger.debug(message, { amount: 42 }, 'Payments')),
  [pinoWithoutIds]: () => {
    const logger = pino();
    return { write: (message) => logger.info({ context: 'Payments' }, message), within };
  },
  'pino, mixin reading the context': () => {
    const logger = pino({ mixin: () => storage.getStore() ?? {} });
    return { write: (message) => logger.info({ context: 'Payments' }, message), within };
  },
  'winston, `combine(timestamp(), ids(), json())` to Console': () => winston('info'),
  'winston, the same, a level that is off': () => winston('debug'),
};

/** Nothing in it has to be redacted: the difference to `redact: false` is what looking for it costs. */
function withFields(logger: TracingLogger, message: string): void {
  const customer = { id: 'c-17', country: 'DE', address: { city: 'Berlin', street: 'Torstr. 1' } };
  logger.log(message, { orderId: 'o-17', amount: 42, customer }, 'Payments');
}

function concatenation(): Contestant {
  const output = new sonicBoom.SonicBoom({ fd: 1, sync: true });
  return {
    write: (message) => {
      const { trace_id, request_id, session_id } = storage.getStore() ?? ids;
      output.write(
        `{"timestamp":"${new Date().toISOString()}","level":"info","message":${JSON.stringify(message)},` +
          `"trace_id":"${trace_id}","request_id":"${request_id}","session_id":"${session_id}",` +
          `"context":"Payments"}\n`,
      );
    },
    within,
  };
}

function winston(level: 'info' | 'debug'): Contestant {
  const withIds = format((info) => Object.assign(info, storage.getStore()));
  const logger = createLogger({
    format: format.combine(format.timestamp(), withIds(), format.json()),
    transports: [new transports.Console()],
  });
  return { write: (message) => logger.log(level, message, { context: 'Payments' }), within };
}

async function tracing(
  write: (logger: TracingLogger, message: string) => void,
  options: TracingModuleOptions = {},
): Promise<Contestant> {
  @Module({ imports: [TracingModule.forRoot(options)] })
  class AppModule {}

  const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  const logger = app.get(TracingLogger);
  const trace = app.get(TraceContext);
  const { trace_id: traceId, request_id: requestId, session_id: sessionId } = ids;
  return {
    write: (message) => write(logger, message),
    within: (fn) => trace.run({ traceId, requestId, sessionId }, fn),
  };
}
