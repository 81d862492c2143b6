import { createLogger, type Logger, type LoggerOptions, type Logform } from 'winston';
import { holdLogs, mayServeStdio } from '../output/stdout-for-protocol.js';
import { checkAccessLogLevel, checkRecorderLevel } from '../../options/check-options.js';
import { LOG_LEVELS, type ResolvedTracingOptions } from '../../options/resolve-options.js';
import { sharedState } from '../../records/shared-state.js';
import { severityOf } from '../level-names.js';
import { traceJson } from '../formats/json-format.js';
import { LineOutput } from '../output/buffered-output.js';
import type { LineTarget } from '../output/line-target.js';
import { descriptor, STANDARD_OUTPUT } from '../output/log-destination.js';
import { LineTransport } from '../output/line-transport.js';
import { textFormat } from '../formats/text-format.js';
import { assignLogger } from './logger-application.js';
import { limitLines } from './logger-limits.js';
import { rootOf, traceLogger } from './trace-logger.js';

const STDERR = 2;
/** The longest that lines wait for the start of the application. */
const START_MS = 10_000;

const LEVELS = Object.fromEntries(LOG_LEVELS.map((level, severity) => [level, severity]));

const loggers = sharedState('loggers', () => new WeakMap<ResolvedTracingOptions, Logger>());

/**
 * The logger of the options, which captures the ids at the call; the same one for the same options.
 *
 * @throws {TracingConfigError} for an access log with a level that the logger does not have.
 */
export function openLogger(options: ResolvedTracingOptions): Logger {
  let logger = loggers.get(options);
  if (logger === undefined) {
    logger = createTraced(options);
    assignLogger(rootOf(logger), options.policy.application);
    if (options.lineLimits !== undefined) {
      limitLines(rootOf(logger), options.lineLimits);
      limitLines(logger, options.lineLimits);
      limitLines(options.policy.application, options.lineLimits);
    }
    const { levels } = logger;
    checkAccessLogLevel(options.accessLog, levels);
    checkRecorderLevel(
      options.flightRecorder,
      levels,
      (level) => severityOf(levels, level) !== undefined,
    );
    loggers.set(options, logger);
  }
  return logger;
}

function createTraced(options: ResolvedTracingOptions): Logger {
  const { logger } = options;
  if (isLogger(logger)) return traceLogger(logger);
  const stream = options.output === 'stderr' ? process.stderr : process.stdout;
  const isWatched = stream.isTTY;
  return traceLogger(
    createLogger({
      level: options.level,
      levels: LEVELS,
      format: ownFormat(options, isWatched && !process.env['NO_COLOR']),
      ...logger,
      transports:
        logger?.transports ??
        new LineTransport(new LineOutput(targetOf(options), { isImmediate: isWatched })),
    }),
  );
}

/** Standard output, unless a protocol uses it. While the application starts, that is not known. */
function targetOf({ output }: ResolvedTracingOptions): LineTarget {
  if (output === 'stderr') return descriptor(STDERR);
  if (output === undefined && mayServeStdio()) holdLogs(START_MS);
  return STANDARD_OUTPUT;
}

function isLogger(logger: Logger | LoggerOptions | undefined): logger is Logger {
  return typeof (logger as Logger | undefined)?.log === 'function';
}

function ownFormat(options: ResolvedTracingOptions, colors: boolean): Logform.Format {
  const { preset, service } = options;
  if (options.format === 'text') return textFormat({ colors }, preset, service);
  return traceJson({ preset, service });
}
