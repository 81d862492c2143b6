import { types } from 'node:util';
import type { Logger } from 'winston';
import { warnOnce } from '../../records/warnings.js';
import { guardedFormat } from './guarded-format.js';
import { LineTransport } from '../output/line-transport.js';

type Next = (error?: Error | null) => void;

type Transport = Logger['transports'][number] & {
  /** What a writable stream calls to write one entry, or those that have waited. */
  _write(entry: unknown, encoding: string, next: Next): unknown;
  _writev?(entries: unknown, next: Next): unknown;
  /** The state of a writable stream, as winston's own code reads it. */
  _writableState?: { writing?: boolean };
};

/** A transport that works on one entry for so long, while others wait, has lost its callback. */
const STALL_MS = 10_000;
/** Beyond this, entries are dropped: a dead transport must not take the process with it. */
const BACKLOG_LIMIT = 100_000;

/**
 * Stands faults of a logger's transports and of their formats, also of those added later. A
 * transport that is slow, or dead, keeps its entries waiting alone: winston would let every other
 * transport of the logger wait with it.
 */
export function guardTransports(logger: Logger): void {
  const seen = new WeakSet<object>();
  const guardNew = (): void => {
    for (const transport of logger.transports) {
      if (seen.has(transport)) continue;
      seen.add(transport);
      guardTransport(transport as Transport);
    }
  };
  const add = logger.add.bind(logger);
  logger.add = (transport) => {
    add(transport);
    guardNew();
    return logger;
  };
  guardNew();
}

function guardTransport(transport: Transport): void {
  if (transport instanceof LineTransport) return; // Never throws, never waits.
  if (transport.format !== undefined) transport.format = guardedFormat(transport.format, false);

  let begun = 0;
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
  const { log, _write: writeOne, _writev: writeMany } = transport;
  transport._write = function (entry, encoding, next) {
    begun++;
    attempt(next, () => writeOne.call(this, entry, encoding, next));
  };
  if (writeMany !== undefined) {
    transport._writev = function (entries, next) {
      begun++;
      attempt(next, () => writeMany.call(this, entries, next));
    };
  }
  if (log !== undefined) {
    // By itself too: it is called for each entry of a batch, and one must not cost the others.
    transport.log = function (entry: unknown, next: Next): void {
      attempt(next, () => log.call(this, entry, next));
    };
  }

  const write = transport.write.bind(transport) as (entry: unknown) => boolean;
  const isStalled = stallDetector(() => begun);
  transport.write = (entry: unknown): boolean => {
    const waiting = transport.writableLength;
    if (waiting > 0 && isStalled() && waiting >= BACKLOG_LIMIT) return true;
    try {
      write(entry);
    } catch (error) {
      warnOnce('TRACING_TRANSPORT_FAILED', 'a log transport threw', error);
    }
    // Backpressure would reach the logger, and through it all other transports.
    return true;
  };
}

/** Tells whether there was no progress for too long, and warns once. */
function stallDetector(progress: () => number): () => boolean {
  let last = -1;
  let since = 0;
  return () => {
    const now = Date.now();
    if (progress() !== last) {
      last = progress();
      since = now;
    }
    if (now - since < STALL_MS) return false;
    warnOnce(
      'TRACING_TRANSPORT_STALLED',
      `a log transport has not called back for ${STALL_MS / 1000} s; its entries wait, and beyond ${BACKLOG_LIMIT} are dropped`,
    );
    return true;
  };
}
