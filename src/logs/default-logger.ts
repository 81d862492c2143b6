import { createLogger, type Logger, type LoggerOptions, type Logform } from 'winston';
import type { ResolvedTracingOptions } from '../options/resolve-options.js';
import { traceJson } from './json-format.js';
import { LineTransport } from './line-transport.js';
import { traceText } from './text-format.js';
import { traceLogger } from './trace-logger.js';

const STDOUT = 1;

/** winston's own levels (npm) with `fatal` above them, as NestJS has it. */
const LEVELS = { fatal: 0, error: 1, warn: 2, info: 3, http: 4, verbose: 5, debug: 6, silly: 7 };

/** The logger that the options ask for, capturing at the call. */
export function openLogger(options: ResolvedTracingOptions): Logger {
  const { logger } = options;
  if (isLogger(logger)) return traceLogger(logger);
  const isWatched = process.stdout.isTTY;
  return traceLogger(
    createLogger({
      level: options.level,
      levels: LEVELS,
      format: ownFormat(options, isWatched && !process.env['NO_COLOR']),
      ...logger,
      transports: logger?.transports ?? new LineTransport(STDOUT, isWatched),
    }),
  );
}

function isLogger(logger: Logger | LoggerOptions | undefined): logger is Logger {
  return typeof (logger as Logger | undefined)?.log === 'function';
}

function ownFormat(options: ResolvedTracingOptions, colors: boolean): Logform.Format {
  if (options.format === 'text') return traceText({ colors });
  const { preset, service } = options;
  return traceJson(preset === undefined ? { service } : { preset, service });
}
