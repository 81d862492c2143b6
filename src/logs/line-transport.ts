import { writeSync } from 'node:fs';
import winston, { type Logger } from 'winston';
import { releaseLogs } from '../context/log-output.js';
import { warnOnce } from '../options/warning.js';
import { sharedState } from '../trace/shared-state.js';
import { LEVEL, MESSAGE } from './winston-symbols.js';

type WinstonTransport = Logger['transports'][number] & {
  /** The logger that pipes into it, and its levels. */
  parent?: Logger | null;
  levels?: Record<string, number>;
};

// winston exports its base class, but its types do not say so.
const { Transport } = winston as unknown as { Transport: new () => WinstonTransport };

interface LineEntry {
  readonly [LEVEL]: string;
  readonly [MESSAGE]: string;
  readonly exception?: unknown;
}

/** Lines are not gathered beyond this: one turn may write more than fits a buffer. */
const FLUSH_AT_CHARACTERS = 256 * 1024;
/** Beyond this, lines are dropped: a reader that has stopped must not fill the memory. */
const BACKLOG_CHARACTERS = 64 * 1024 * 1024;
const RETRY_AFTER_MS = 10;
/** How long the end of the process waits for a reader that does not read. */
const EXIT_PATIENCE_MS = 2000;

// Those with lines that are not written yet, and one listener for all of them, whichever copy of
// the package they come from.
const transports = sharedState('line-transports', () => {
  const state = {
    waiting: new Set<{ flushAtExit(): void }>(),
    isExiting: false,
    /** Monotonic milliseconds: one for the whole process. */
    exitDeadline: Number.POSITIVE_INFINITY,
  };
  process.on('exit', () => {
    // Other listeners may still log, and no loop comes behind them.
    state.isExiting = true;
    state.exitDeadline = performance.now() + EXIT_PATIENCE_MS;
    for (const transport of state.waiting) transport.flushAtExit();
  });
  return state;
});

/**
 * Writes lines to a file descriptor: those of one turn of the event loop with one system call
 * before the loop goes on, and at `exit`, so that a crash loses nothing that was logged. A call
 * for each line costs half as much again.
 */
export class LineTransport extends Transport {
  /** Lines of this turn, and those behind a reader that is slow. */
  private pending = '';
  /** What is left of lines that were written in part. */
  private rest: Buffer = Buffer.alloc(0);
  private isScheduled = false;
  private isRetrying = false;

  /**
   * @param fd where to write, such as `1` for standard output; of a function, `undefined` lets the
   *   lines wait.
   * @param isImmediate whether each line is written at once, for a person who watches.
   */
  constructor(
    private readonly fd: number | (() => number | undefined),
    private isImmediate = false,
  ) {
    super();
  }

  /**
   * Takes an entry as the logger's pipe hands it over. A string that grows needs none of a
   * stream's queues and callbacks, which cost more than the line itself.
   */
  override write(chunk: unknown): boolean {
    let entry = chunk as LineEntry;
    if (!this.accepts(entry)) return true;
    if (this.format !== undefined) {
      entry = this.format.transform({ ...entry } as never, this.format.options) as never;
      if (!entry) return true;
    }
    this.append(entry[MESSAGE]);
    return true;
  }

  /** What winston asks of a transport; only a stream that is written to by hand gets here. */
  override log(entry: LineEntry, next: () => void): void {
    this.append(entry[MESSAGE]);
    next();
  }

  override close(): void {
    this.flushAtExit();
  }

  /**
   * From now on, writes each line at once. An application that shuts down on a signal raises it
   * again when its hooks have run, and that ends the process without `exit`.
   */
  stopGathering(): void {
    this.isImmediate = true;
    releaseLogs();
    this.flush();
  }

  /** Writes all there is, and waits for a slow reader, but not for ever. */
  flushAtExit(): void {
    releaseLogs();
    const deadline = Math.min(performance.now() + EXIT_PATIENCE_MS, transports.exitDeadline);
    while (!this.writeOut() && performance.now() < deadline) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_AFTER_MS);
    }
  }

  /** The rules of winston's own base class: silence, handled exceptions, the level. */
  private accepts(entry: LineEntry): boolean {
    if (this.silent || (entry.exception === true && !this.handleExceptions)) return false;
    const level = this.level ?? this.parent?.level;
    const { levels } = this;
    return !level || levels === undefined || (levels[level] ?? -1) >= (levels[entry[LEVEL]] ?? 0);
  }

  private append(line: string): void {
    if (this.pending.length > BACKLOG_CHARACTERS) {
      warnOnce('TRACING_WRITE_STALLED', `nobody reads fd ${this.target}; log lines are dropped`);
      return;
    }
    this.pending += `${line}\n`;
    if (transports.isExiting) return this.flushAtExit();
    // What is gathered goes out when the reader reads again.
    if (this.isRetrying) return;
    if (this.isImmediate || this.pending.length >= FLUSH_AT_CHARACTERS) {
      this.flush();
    } else if (!this.isScheduled) {
      this.isScheduled = true;
      transports.waiting.add(this);
      setImmediate(this.flush);
    }
  }

  private readonly flush = (): void => {
    this.isScheduled = false;
    this.isRetrying = !this.writeOut();
    if (this.isRetrying) {
      transports.waiting.add(this);
      setTimeout(this.flush, RETRY_AFTER_MS);
    }
  };

  private get target(): number | undefined {
    return typeof this.fd === 'number' ? this.fd : this.fd();
  }

  /** Returns whether everything is written; not when the pipe is full, or which one is unknown. */
  private writeOut(): boolean {
    const fd = this.target;
    if (fd === undefined) return false;
    try {
      while (this.rest.length > 0 || this.pending !== '') {
        if (this.rest.length === 0) {
          this.rest = Buffer.from(this.pending);
          this.pending = '';
        }
        this.rest = this.rest.subarray(writeSync(fd, this.rest));
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false;
      this.rest = this.rest.subarray(this.rest.length);
      warnOnce('TRACING_WRITE_FAILED', `log lines could not be written to fd ${fd}`, error);
    }
    transports.waiting.delete(this);
    return true;
  }
}
