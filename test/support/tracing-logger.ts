import { createLogger, transports, type LoggerOptions } from 'winston';
import { traceJson } from '../../src/logging/formats/json-format.js';
import { traceLogger } from '../../src/logging/winston/trace-logger.js';
import { TracingLogger } from '../../src/logging/winston/tracing-logger.js';
import { LineSink } from './line-sink.js';

/** npm's levels, most severe first, below `fatal`. */
export const WITH_FATAL = {
  fatal: 0,
  error: 1,
  warn: 2,
  info: 3,
  http: 4,
  verbose: 5,
  debug: 6,
  silly: 7,
};

/** A NestJS logger without an application, and what it writes. */
export function makeTracingLogger(options: LoggerOptions = {}) {
  const sink = new LineSink();
  const winston = traceLogger(
    createLogger({
      level: 'silly',
      format: traceJson({ service: 'test' }),
      transports: new transports.Stream({ stream: sink }),
      ...options,
    }),
  );
  return { logger: new TracingLogger(winston), winston, sink };
}
