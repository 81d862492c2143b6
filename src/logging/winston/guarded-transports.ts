import { types } from 'node:util';
import type { Logger } from 'winston';
import { runInRootContext } from '../../context/sdk-spans.js';
import { runOutsideTrace } from '../../context/trace-store.js';
import { definePatch } from '../../instrumentation/patch.js';
import { warnOnce } from '../../records/warnings.js';
import { atLevel, forcedLevel, LEFT_OUT } from './forced-level.js';
import { isPlainStream } from './logger-pipes.js';
import { addMissingIds } from '../formats/trace-format.js';
import { SEEN, type CapturedEntry } from './captured-entry.js';
import { entryWithFields } from './entry-with-fields.js';
import { MESSAGE } from './winston-symbols.js';
import { guardedFormat } from './guarded-format.js';
import { transportKind, type TransportKind } from './transport-kinds.js';
import { BACKLOG_LIMIT, stallDetector } from './transport-stall.js';
import { LineTransport } from '../output/line-transport.js';

const LOGGER_ADD = definePatch({
  package: 'winston',
  target: 'add and pipe of a logger',
  gives: 'guards for transports that are added later',
  without: 'a transport that is added later can cost a request when it throws',
  why: 'winston has no event for an added transport',
});
const TRANSPORT = definePatch({
  package: 'winston',
  target: 'write, log, logv, _write, _writev and _accept of a transport',
  gives:
    'the ids for a transport that reads fields, none on what it sends, and a warning where one throws or is stuck',
  without:
    'a transport may lack the ids, its calls are steps of the request, and one that throws can cost a request',
  why: "winston passes a transport's errors and its backpressure on to the logger, and calls it inside the request",
});

type Next = (error?: Error | null) => void;

type Transport = Logger['transports'][number] & {
  /** What a writable stream calls to write one entry, or those that have waited. */
  _write(entry: unknown, encoding: string, next: Next): unknown;
  _writev?(entries: unknown, next: Next): unknown;
  /** Whether it writes an entry that has waited. */
  _accept?(write: EntryChunk): boolean;
  /** What winston calls on a transport, if it has it, with entries that have waited. */
  logv?(chunks: readonly EntryChunk[], next: Next): unknown;
  /** The logger that pipes into it. */
  parent?: Logger | null;
  /** The transport of winston 2 that winston has wrapped in this one. */
  transport?: LegacyTransport;
  /** The state of a writable stream, as winston's own code reads it. */
  _writableState?: { writing?: boolean };
};

interface EntryChunk {
  readonly chunk: CapturedEntry;
}

interface LegacyTransport {
  log(level: string, message: unknown, entry: CapturedEntry, next: unknown): unknown;
}

/** The same in characters of their lines: that many entries of 64 kB would be 6 GB. */
const BACKLOG_CHARACTERS = 64 * 1024 * 1024;
/** What an entry without a line counts, and what each takes beside its line. */
const ENTRY_CHARACTERS = 500;

/**
 * Catches what a logger's transports and their formats throw, also of transports that are added
 * later, gives those that read an entry's fields the ids, and runs them outside of the request. Only
 * the entries of a transport that is slow or dead wait: winston would make every other transport of
 * the logger wait with it.
 */
export function guardTransports(logger: Logger): void {
  const guardAll = (): void => {
    for (const transport of logger.transports) guardTransport(transport as Transport);
  };
  LOGGER_ADD.methodOfInstance(logger, 'add', (add) => (transport) => {
    add.call(logger, transport);
    guardAll();
    return logger;
  });
  // A stream that the logger is piped to is one of its transports.
  LOGGER_ADD.methodOfInstance(logger, 'pipe', (pipe) => (stream, options) => {
    const piped = pipe.call(logger, stream, options);
    guardAll();
    return piped;
  });
  guardAll();
}

/** How much memory an entry takes while it waits, roughly, in characters. */
function sizeOf(entry: unknown): number {
  if (typeof entry !== 'object' || entry === null) return ENTRY_CHARACTERS;
  const line: unknown = Reflect.get(entry, MESSAGE);
  return ENTRY_CHARACTERS + (typeof line === 'string' ? line.length : 0);
}

function guardTransport(transport: Transport): void {
  if (transport instanceof LineTransport) return; // Never throws, never waits.
  const kind = transportKind(transport);
  const withFields = (entry: CapturedEntry): CapturedEntry =>
    kind.readsLineOnly ? entry : entryWithFields(entry, transport.parent?.format);
  const outside = outsideTrace(kind);
  const isPlain = isPlainStream(transport);
  let begun = 0;
  let isNew = false;
  const fail = (next: Next, error: unknown): void => {
    warnOnce('TRACING_TRANSPORT_FAILED', 'a log transport threw', error);
    // A stream whose write is never called back writes nothing more.
    if (transport._writableState?.writing !== false) next();
  };
  const attempt = (next: Next, work: () => unknown): void => {
    try {
      const result = work();
      if (types.isPromise(result)) result.catch((error: unknown) => fail(next, error));
    } catch (error) {
      fail(next, error);
    }
  };
  TRANSPORT.methodOfInstance(transport, 'write', (original) => {
    isNew = true;
    const write = original.bind(transport) as (entry: unknown) => boolean;
    const isStalled = stallDetector(() => begun);
    let held = 0;
    let counted = 0;
    return (entry: unknown): boolean => {
      if (isPlain && Object.hasOwn(Object(entry) as object, SEEN)) return true;
      const waiting = transport.writableLength;
      // What has left counts as much as the others: a stream does not say what it is.
      if (waiting < counted) held *= waiting / counted;
      counted = waiting;
      const isFull = waiting >= BACKLOG_LIMIT || held >= BACKLOG_CHARACTERS;
      if (waiting > 0 && isStalled() && isFull) return true;
      held += sizeOf(entry);
      counted++;
      try {
        if (kind.staysInProcess) write(entry);
        else outside(() => write(entry));
      } catch (error) {
        warnOnce('TRACING_TRANSPORT_FAILED', 'a log transport threw', error);
      }
      // Backpressure would reach the logger, and through it all other transports.
      return true;
    };
  });
  if (!isNew) return;

  if (transport.format !== undefined) {
    transport.format = guardedFormat(transport.format, (entry) =>
      addMissingIds(entry, transport.parent?.format),
    );
  }
  TRANSPORT.methodOfInstance(
    transport,
    '_write',
    (original) =>
      function (this: unknown, entry, encoding, next) {
        begun++;
        const given = isPlain ? withFields(entry as CapturedEntry) : entry;
        const level = isPlain ? undefined : forcedLevel(transport, entry);
        if (level === LEFT_OUT) {
          next();
          return;
        }
        const work =
          level === undefined
            ? (): unknown => original.call(this, given, encoding, next)
            : (): unknown =>
                atLevel(transport, level, () => original.call(this, given, encoding, next));
        attempt(next, kind.staysInProcess ? work : () => outside(work));
      },
  );
  if (transport._writev !== undefined) {
    TRANSPORT.methodOfInstance(
      transport as Required<Transport>,
      '_writev',
      (writeMany) =>
        function (this: unknown, entries, next) {
          begun++;
          const work = (): unknown => writeMany.call(this, entries, next);
          attempt(next, kind.staysInProcess ? work : () => outside(work));
        },
    );
  }
  if ('_accept' in transport) {
    TRANSPORT.methodOfInstance(
      transport as Required<Transport>,
      '_accept',
      (accept) =>
        function (this: unknown, write) {
          const level = forcedLevel(transport, write.chunk);
          if (level === undefined) return accept.call(this, write);
          return level !== LEFT_OUT && atLevel(transport, level, () => accept.call(this, write));
        },
    );
  }
  if (!kind.readsLineOnly) giveFieldsToOthers(transport, withFields);
  if (transport.log === undefined) return;
  // Separately too: it is called for each entry of a batch, and one must not cost the others.
  TRANSPORT.methodOfInstance(
    transport as Required<Transport>,
    'log',
    (log) =>
      function (this: unknown, entry: unknown, next: Next): void {
        attempt(next, () => log.call(this, withFields(entry as CapturedEntry), next) as unknown);
      },
  );
}

/** A transport may take several entries at once, or be made for winston 2. */
function giveFieldsToOthers(
  transport: Transport,
  withFields: (entry: CapturedEntry) => CapturedEntry,
): void {
  if (typeof transport.logv === 'function') {
    TRANSPORT.methodOfInstance(
      transport as Required<Transport>,
      'logv',
      (log) =>
        function (this: unknown, chunks, next) {
          const given = chunks.map((chunk: EntryChunk) => ({
            ...chunk,
            chunk: withFields(chunk.chunk),
          }));
          return log.call(this, given, next) as unknown;
        },
    );
  }
  const { transport: legacy } = transport;
  if (typeof legacy?.log !== 'function') return;
  TRANSPORT.methodOfInstance(
    legacy,
    'log',
    (log) =>
      function (this: unknown, level, message, entry, next) {
        const given = withFields(entry);
        return log.call(this, level, given === entry ? message : given.message, given, next);
      },
  );
}

/**
 * What a transport does with an entry, such as a call over HTTP or a timer, is no part of the
 * request that has written it: it is no step of it, and does not carry its ids to the log server.
 */
function outsideTrace({ staysInProcess, readsActiveSpan }: TransportKind): <T>(fn: () => T) => T {
  if (staysInProcess) return (fn) => fn();
  if (readsActiveSpan) return runOutsideTrace;
  return (fn) => runOutsideTrace(() => runInRootContext(fn));
}
