import { writeSync } from 'node:fs';
import winston, { type Logger } from 'winston';
import { warnOnce } from '../options/warning.js';
import { sharedState } from '../trace/shared-state.js';
import { LEVEL, MESSAGE } from './winston-symbols.js';

// winston exports its base class, but its types do not say so.
const { Transport } = winston as unknown as { Transport: new () => WinstonTransport };

type WinstonTransport = Logger['transports'][number] & {
  /** The logger that pipes into it, and its levels. */
  parent?: Logger | null;
  levels?: Record<string, number>;
};

interface LineEntry {
  readonly [LEVEL]: string;
  readonly [MESSAGE]: string;
  readonly exception?: unknown;
}

/** Lines are not gathered beyond this: one turn may write more than fits a buffer. */
const FLUSH_AT_CHARACTERS = 256 * 1024;
const RETRY_AFTER_MS = 10;
/** How long the end of the process waits for a reader that does not read. */
const EXIT_PATIENCE_MS = 2000;

// One listener for all transports, whichever copy of the package they come from.
const open = sharedState('line-transports', () => {
  const transports = new Set<{ flushAtExit(): void; stopGathering(): void }>();
  process.on('exit', () => {
    for (const transport of transports) transport.flushAtExit();
  });
  return transports;
});

/**
 * Writes what is gathered, and every later line at once. An application that shuts down on a signal
 * raises it again when its hooks have run, and that ends the process without `exit`.
 */
export function stopGatheringLines(): void {
  for (const transport of open) transport.stopGathering();
}

/**
 * Writes lines to a file descriptor: those of one turn of the event loop with one system call
 * before the loop goes on, and at `exit`, so that a crash loses nothing that was logged. A call
 * for each line costs half as much again.
 */
export class LineTransport extends Transport {
  private pending = '';
  private rest: Buffer | undefined;
  private isScheduled = false;

  /**
   * @param fd where to write, such as `1` for standard output.
   * @param isImmediate whether each line is written at once, for a person who watches.
   */
  constructor(
    private readonly fd: number,
    private isImmediate = false,
  ) {
    super();
    open.add(this);
  }

  /**
   * Takes an entry as the logger's pipe hands it over. A string that grows needs none of a
   * stream's queues and callbacks, which cost more than the line itself.
   */
  override write(entry: unknown): boolean {
    if (this.accepts(entry as LineEntry)) this.append((entry as LineEntry)[MESSAGE]);
    return true;
  }

  /** What winston asks of a transport; only a stream that is written to by hand gets here. */
  override log(entry: LineEntry, next: () => void): void {
    this.append(entry[MESSAGE]);
    next();
  }

  override close(): void {
    this.flushAtExit();
    open.delete(this);
  }

  /** From now on, writes each line at once. */
  stopGathering(): void {
    this.isImmediate = true;
    this.flush();
  }

  /** Writes all there is, and waits for a slow reader, but not for ever. */
  flushAtExit(): void {
    const deadline = performance.now() + EXIT_PATIENCE_MS;
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
    this.pending += `${line}\n`;
    if (this.isImmediate || this.pending.length >= FLUSH_AT_CHARACTERS) {
      this.flush();
    } else if (!this.isScheduled) {
      this.isScheduled = true;
      setImmediate(this.flush);
    }
  }

  private readonly flush = (): void => {
    this.isScheduled = false;
    if (this.writeOut()) return;
    this.isScheduled = true;
    setTimeout(this.flush, RETRY_AFTER_MS);
  };

  /** Returns whether everything is written; not when the pipe is full. */
  private writeOut(): boolean {
    const lines = Buffer.from(this.pending);
    let buffer = this.rest === undefined ? lines : Buffer.concat([this.rest, lines]);
    this.pending = '';
    this.rest = undefined;
    try {
      while (buffer.length > 0) buffer = buffer.subarray(writeSync(this.fd, buffer));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
        this.rest = buffer;
        return false;
      }
      warnOnce('TRACING_WRITE_FAILED', `log lines could not be written to fd ${this.fd}`, error);
    }
    return true;
  }
}
