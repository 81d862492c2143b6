import { Writable } from 'node:stream';
import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  LogLevels,
  traceJson,
  traceLogger,
  TracingLogger,
  TracingModule,
  type TracingModuleOptions,
} from 'nestjs-tracing';
import { createLogger, format, type Logger, transports } from 'winston';

/** One call at a level below the logger's; `i` is different each time. */
type Call = (i: number) => void;

const nowhere = new Writable({ write: (_chunk, _encoding, next) => next() });
const stream = () => new transports.Stream({ stream: nowhere });

/** What may want a line that is below the level. */
export const recorders: Readonly<Record<string, () => Promise<INestApplicationContext>>> = {
  off: () => application({ flightRecorder: false }),
  kept: () => application({ flightRecorder: true }),
  'a rule for another': async () => {
    const app = await application({ flightRecorder: false });
    app.get(LogLevels).set({ sessionId: 'another' }, 'debug');
    return app;
  },
};

/** The loop alone: taken off the others' time. */
export const noCall = 'nothing';

type CallIn = (app: INestApplicationContext) => Call;

/** The calls of this package's logger. */
export const ourCalls: Readonly<Record<string, CallIn>> = {
  '`TracingLogger`, a text': withNest(
    (logger) => () => logger.debug('Charging a payment', 'PaymentService'),
  ),
  '`TracingLogger`, a text that is made': withNest(
    (logger) => (i) => logger.debug(`Charging payment ${i}`, 'PaymentService'),
  ),
  '`TracingLogger`, three fields': withNest(
    (logger) => (i) =>
      logger.debug('Charging', { payment: i, currency: 'EUR', isTest: false }, 'PaymentService'),
  ),
  '`TracingLogger`, nested fields': withNest(
    (logger) => (i) =>
      logger.debug('Charging', { payment: { id: i, tags: ['a', 'b'], by: { name: 'Ada' } } }),
  ),
};

export const unwrittenCalls: Readonly<Record<string, CallIn>> = {
  [noCall]: () => () => {},
  ...ourCalls,
  'winston, a text': withWinston((logger) => () => logger.debug('Charging a payment')),
  'winston, three fields': withWinston(
    (logger) => (i) => logger.debug('Charging', { payment: i, currency: 'EUR', isTest: false }),
  ),
  'winston child, three fields': withWinston((logger) => {
    const child = logger.child({ part: 'billing' });
    return (i) => child.debug('Charging', { payment: i, currency: 'EUR', isTest: false });
  }),
};

function withNest(call: (logger: TracingLogger) => Call) {
  return (app: INestApplicationContext): Call => call(app.get(TracingLogger));
}

function withWinston(call: (logger: Logger) => Call) {
  const options = { level: 'info', format: format.json(), transports: stream() };
  return (): Call => call(traceLogger(createLogger(options)));
}

function application(options: TracingModuleOptions): Promise<INestApplicationContext> {
  const logger = createLogger({ level: 'info', format: traceJson(), transports: stream() });
  @Module({ imports: [TracingModule.forRoot({ ...options, logger, accessLog: false })] })
  class AppModule {}
  return NestFactory.createApplicationContext(AppModule, { logger: false });
}
