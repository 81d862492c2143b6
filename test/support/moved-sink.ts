import { createLogger, transports } from 'winston';
import { traceJson } from '../../src/index.js';
import { LineSink } from './line-sink.js';

/** What an application with moved internals logs. */
export const movedSink = new LineSink();

/** The logger that it gives to `TracingModule`. */
export const movedLogger = createLogger({
  level: 'silly',
  format: traceJson({ service: 'moved' }),
  transports: [new transports.Stream({ stream: movedSink })],
});
