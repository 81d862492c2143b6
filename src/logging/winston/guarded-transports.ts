import { types } from 'node:util';
import type { Logger } from 'winston';
import { definePatch } from '../../instrumentation/patch.js';
import { warnOnce } from '../../records/warnings.js';
import { guardedFormat } from './guarded-format.js';
import { LineTransport } from '../output/line-transport.js';

const LOGGER_ADD = definePatch({
  package: 'winston',
  target: 'add of a logger',
  gives: 'guards for transports that are added later',
  without: 'a transport that is added later can cost a request when it throws',
  why: 'winston has no event for an added transport',
});
const TRANSPORT = definePatch({
  package: 'winston',
  target: 'write, log, _write and _writev of a transport',
  gives: 'a warning where a transport throws or is stuck, instead of an error or of silence',
  without: 'a transport that throws can cost a request, and one that is stuck stops the others',
  why: "winston passes a transport's errors and its backpressure on to the logger",
});

type Next = (error?: Error | null) => void;

type Transport = Logger['transports'][number] & {
  /** What a writable stream calls to write one entry, or those that have waited. */
  _write(entry: unknown, encoding: string, next: Next): unknown;
  _writev?(entries: unknown, next: Next): unknown;
  /** The state of a writable stream, as winston's own code reads it. */
  _writableState?: { writing?: boolean };
};

/** A transport that works on one entry for this long while others wait has lost its callback. */
const STALL_MS = 10_000;
/** Beyond this, entries are dropped: a dead transport must not take the process with it. */
const BACKLOG_LIMIT = 100_000;

/**
 * Catches what a logger's transports and their formats throw, also of transports that are added
 * later. Only the entries of a transport that is slow or dead wait: winston would make every other
 * transport of the logger wait with it.
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
  guardAll();
}

function guardTransport(transport: Transport): void {
  if (transport instanceof LineTransport) return; // Never throws, never waits.
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
    return (entry: unknown): boolean => {
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
  });
  if (!isNew) return;

  if (transport.format !== undefined) transport.format = guardedFormat(transport.format, false);
  TRANSPORT.methodOfInstance(
    transport,
    '_write',
    (write) =>
      function (this: unknown, entry, encoding, next) {
        begun++;
        attempt(next, () => write.call(this, entry, encoding, next));
      },
  );
  if (transport._writev !== undefined) {
    TRANSPORT.methodOfInstance(
      transport as Required<Transport>,
      '_writev',
      (writeMany) =>
        function (this: unknown, entries, next) {
          begun++;
          attempt(next, () => writeMany.call(this, entries, next));
        },
    );
  }
  if (transport.log === undefined) return;
  // Separately too: it is called for each entry of a batch, and one must not cost the others.
  TRANSPORT.methodOfInstance(
    transport as Required<Transport>,
    'log',
    (log) =>
      function (this: unknown, entry: unknown, next: Next): void {
        attempt(next, () => log.call(this, entry, next) as unknown);
      },
  );
}

/** Makes a function that says whether there was no progress for too long, and warns once. */
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
