import type { Logger } from 'winston';
import { runOutsideTrace } from '../../context/trace-store.js';
import { definePatch } from '../../instrumentation/patch.js';
import { tracingChannels } from '../../records/channels.js';
import { warnOnce } from '../../records/warnings.js';
import { applyArguments } from './call-arguments.js';
import { isRaised, keeperOf, noteWritten, verbosity } from '../verbosity.js';
import { capture, FORCED, FreshEntry, SCOPE, SEEN, type CapturedEntry } from './captured-entry.js';
import { keepEntry, markRecorded } from './recorded-entry.js';
import { consoleState } from './console-state.js';
import { guardCalls } from './guarded-calls.js';
import { guardFormat } from './guarded-format.js';
import { guardTransports } from './guarded-transports.js';
import { applicationOfLogger } from './logger-application.js';
import { loggerLimits } from './logger-limits.js';
import { LoggerPipes, type Transport } from './logger-pipes.js';
import { PublishedEntry } from './published-entry.js';
import { LEVEL, SPLAT } from './winston-symbols.js';

const LOGGER_WRITE = definePatch({
  package: 'winston',
  target: 'write of a logger',
  gives: 'the ids of the call on each entry, and the log channel',
  without: 'log lines have no ids',
  why: 'a format runs later, under backpressure in the context of another request',
});

const LOGGER_PUSH = definePatch({
  package: 'winston',
  target: 'push of a logger',
  gives: 'what listens to `data` of a logger, or is piped to it, runs outside of the request',
  without: 'calls of such a listener are steps of the request that logs',
  why: 'a stream calls its listeners in the context of the code that writes to it',
});

/**
 * Makes any winston logger capture the ids when it is called, not when its stream gets to the
 * entry, and makes it survive faults of its transports and formats: they cost a warning, never a
 * request and never the line. Entries carry `trace_id`, `request_id`, `session_id` and `span_id` as
 * plain fields, so that any format shows them. Child loggers are covered.
 *
 * The logger itself is changed and returned. Calling it again changes nothing.
 *
 * @publicApi
 *
 * @example
 * const logger = traceLogger(createLogger({ format: format.json(), transports }));
 */
export function traceLogger<T extends Logger>(logger: T): T {
  const root = rootOf(logger);
  let isNew = false;
  LOGGER_WRITE.methodOfInstance(root, 'write', (write) => {
    isNew = true;
    return capturingWrite(root, write.bind(root) as Write);
  });
  if (!isNew) return logger;
  // Without a listener, a transport's error would end the process.
  LOGGER_PUSH.methodOfInstance(
    root as Logger & { push(chunk: unknown): boolean },
    'push',
    (push) => (chunk) => runOutsideTrace(() => push.call(root, chunk)),
  );
  root.on('error', (error: unknown) => {
    warnOnce('TRACING_TRANSPORT_FAILED', 'a log transport reported an error', error);
  });
  guardCalls(root);
  guardFormat(root);
  guardTransports(root);
  return logger;
}

type Write = (chunk: unknown) => boolean;

function capturingWrite(root: Logger, write: Write): Write {
  const pipes = new LoggerPipes(root);
  const lineLimits = loggerLimits(root);
  const writeChunk: Write = (chunk) => {
    if (typeof chunk !== 'object' || chunk === null) return write(chunk);
    try {
      const limits = lineLimits.given;
      // Taken first: what the arguments log while they are read is not this entry.
      const { replayed } = verbosity;
      if (replayed !== undefined) verbosity.replayed = undefined;
      else if (verbosity.sources === 0 && isForNoOne(root, pipes, chunk)) return true;
      const entry = capture(chunk, limits);
      if (replayed !== undefined) {
        markRecorded(entry, replayed);
        entry[FORCED] = pipes.forcedLimit;
      } else if (verbosity.sources !== 0 && !considerVerbosity(root, pipes, entry)) return true;
      const isForced = entry[FORCED] !== undefined;
      const isPublished =
        tracingChannels.log.hasSubscribers &&
        (isForced ? entry[SEEN] !== 'transports' : pipes.isWritten(entry.level));
      if (isPublished) {
        tracingChannels.log.publish(
          new PublishedEntry(applied(entry), applicationOfLogger(root), limits),
        );
      }
      // winston itself reports a level that it does not know.
      if (!hasLevel(root.levels, entry[LEVEL]) || !pipes.isIdle) return write(entry);
      if (!root.silent) deliver(root, pipes.transports, entry);
      return true;
    } catch (error) {
      warnOnce('TRACING_LOGGER_FAILED', 'a logger threw', error);
      return true;
    }
  };
  return (chunk) => {
    // What formats and transports print with `console` must not come back as an entry.
    const { writing } = consoleState;
    return writing === undefined ? writeChunk(chunk) : writing.run(true, writeChunk, chunk);
  };
}

/**
 * Whether no transport writes an entry, by its level. winston formats it first, which takes a hundred
 * times as long. An entry of {@link TracingLogger} was asked for its level already.
 */
function isForNoOne(root: Logger, pipes: LoggerPipes, chunk: object): boolean {
  if (chunk instanceof FreshEntry) return false;
  const { [LEVEL]: level } = chunk as CapturedEntry;
  return hasLevel(root.levels, level) && !pipes.isWritten(level) && !pipes.hasPlainStream;
}

/**
 * Decides on an entry of a request that may be logged at a more verbose level than the logger's, or
 * have a flight recorder.
 *
 * @returns whether it is written now.
 */
function considerVerbosity(root: Logger, pipes: LoggerPipes, entry: CapturedEntry): boolean {
  const scope = entry[SCOPE];
  const { [LEVEL]: level = entry.level } = entry;
  const severity = hasLevel(root.levels, level) ? root.levels[level] : undefined;
  if (!scope || severity === undefined) return true;
  const isWritten = entry[FORCED] !== undefined || pipes.isWritten(level);
  if (isWritten) {
    noteWritten(scope, severity, root.levels);
    // Another transport may have entries of this level only for some requests.
    if (entry[FORCED] !== undefined || !pipes.isWrittenInPart(level)) return true;
  }
  if (pipes.isOff) return true;
  if (isRaised(scope, severity, root.levels, true)) {
    entry[FORCED] = pipes.forcedLimit;
    noteWritten(scope, severity, root.levels);
    return true;
  }
  const recording = keeperOf(scope, severity, root.levels);
  if (recording === undefined) return true;
  const seenBy = isWritten ? 'transports' : pipes.hasPlainStream ? 'streams' : undefined;
  keepEntry(recording, root, scope, entry, seenBy);
  return seenBy !== undefined;
}

/** Whether a logger has a level. `constructor` is none, although every object has it. */
function hasLevel(levels: Readonly<Record<string, number>>, level: unknown): level is string {
  return typeof level === 'string' && typeof levels[level] === 'number';
}

/** An entry with the arguments of its call. The entry itself is left to the logger's own format. */
function applied(entry: CapturedEntry): CapturedEntry {
  if (entry[SPLAT] === undefined) return entry;
  const copy = { ...entry };
  applyArguments(copy);
  return copy;
}

/** Does what the logger does with an entry that has left its queues. */
function deliver({ format }: Logger, transports: readonly Transport[], entry: CapturedEntry): void {
  const formatted = format.transform(entry, format.options);
  if (typeof formatted !== 'object') return;
  // winston removes a transport that fails from the list during the loop.
  const targets = transports.length > 1 ? [...transports] : transports;
  for (let i = 0; i < targets.length; i++) targets[i]!.write(formatted);
}

/** A child has a `write` that cannot be changed, and passes its entries to its parent's. */
export function rootOf(logger: Logger): Logger {
  let root = logger;
  while (Object.getOwnPropertyDescriptor(root, 'write')?.configurable === false) {
    root = Object.getPrototypeOf(root) as Logger;
  }
  return root;
}
