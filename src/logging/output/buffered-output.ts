import { warnOnce } from '../../records/warnings.js';
import { LineBacklog } from './line-backlog.js';
import type { LineTarget } from './log-destination.js';
import { EXIT_PATIENCE_MS, unwritten } from './exit-flush.js';

/** How many lines were written, lost or kept, since the transport was made. */
export interface LineCounts {
  /** Lines that were written. */
  readonly written: number;
  /** Lines that were lost: too many waited, or the destination cannot be written to. */
  readonly dropped: number;
  /** Lines that are gathered, or wait for a slow reader or for space on the disk. */
  readonly waiting: number;
  /** Calls that the system refused, including those that were repeated. */
  readonly failedWrites: number;
  /** Rotations for which no new file could be opened. */
  readonly failedReopens: number;
}

/** How lines are gathered. By default, those of one turn of the event loop are. */
export interface Gathering {
  /** Whether each line is written at once, for a terminal. */
  readonly isImmediate?: boolean;
  /** Characters that are gathered across turns. */
  readonly bufferSize?: number;
  /** Milliseconds that a gathered line may wait. */
  readonly flushInterval?: number;
}

/** Why lines wait: `more` are written in the next turn, so that this one does not take too long. */
type Stall = 'unknown' | 'slow' | 'full' | 'more';

/** The most that is gathered in one turn. */
const TURN_CHARACTERS = 256 * 1024;
/** The backlog is written in parts of this size, so that other work is not held up. */
const BYTES_PER_RETRY = 1024 * 1024;
/** Beyond this, lines are dropped: a reader that has stopped must not fill the memory. */
export const BACKLOG_BYTES = 64 * 1024 * 1024;
/** Each retry waits twice as long as the one before, up to this. */
const RETRY_MS: Record<Stall, number> = { unknown: 10, slow: 10, full: 1000, more: 0 };

/**
 * Gathers lines and writes them with few calls: one call per line costs half as much again. What the
 * system does not accept now is written later, in order, without blocking the event loop.
 */
export class LineOutput {
  private readonly queue = new LineBacklog();
  private readonly flushInterval: number | undefined;
  /** From this many characters on, lines are written. */
  private flushAt: number;
  private isScheduled = false;
  private timer: NodeJS.Timeout | undefined;
  private isStalled = false;
  private retryMs = 1;
  private failedWrites = 0;
  private failedReopens = 0;

  constructor(
    private readonly target: LineTarget,
    { isImmediate = false, bufferSize = 0, flushInterval = 1000 }: Gathering = {},
  ) {
    this.flushAt = isImmediate ? 0 : bufferSize || TURN_CHARACTERS;
    this.flushInterval = bufferSize === 0 ? undefined : flushInterval;
  }

  get counts(): LineCounts {
    const { failedReopens, failedWrites, queue } = this;
    const { written, dropped, lines } = queue;
    return { written, dropped, waiting: lines, failedWrites, failedReopens };
  }

  append(line: string): void {
    if (this.isStalled) return this.keep(line);
    this.queue.push(line);
    if (unwritten.isExiting) this.flushAtExit();
    else if (this.queue.textLength >= this.flushAt) this.flush();
    else if (!this.isScheduled) this.schedule();
  }

  /** Writes all lines; returns `false` if some of them have to wait. */
  flush(): boolean {
    return this.settle(this.writeOut());
  }

  /** Writes all lines, and waits for a slow reader for a limited time. */
  flushAtExit(): void {
    this.target.release?.();
    const deadline = Math.min(performance.now() + EXIT_PATIENCE_MS, unwritten.exitDeadline);
    let stall = this.writeOut();
    // It is not known when a full disk has space again.
    while (stall !== undefined && stall !== 'full' && performance.now() < deadline) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS.slow);
      stall = this.writeOut();
    }
    this.settle(stall);
  }

  /** From now on, writes each line at once. */
  stopGathering(): void {
    this.flushAt = 0;
    this.target.release?.();
    this.flush();
  }

  /** Opens the file again: what was logged before goes to the old one. */
  reopen(): boolean {
    const { target } = this;
    this.flush();
    try {
      if (target.reopen === undefined) throw new Error('it is not the path of a file');
      target.reopen();
    } catch (error) {
      this.failedReopens++;
      warnOnce('TRACING_REOPEN_FAILED', `${target.name} could not be opened again`, error);
      return false;
    }
    this.queue.restartLine();
    this.flush();
    return true;
  }

  close(): void {
    const { target } = this;
    this.flushAtExit();
    if (target.close === undefined) return;
    this.queue.drop();
    this.settle(undefined);
    try {
      target.close();
    } catch (error) {
      this.fail(error);
    }
  }

  private schedule(): void {
    this.isScheduled = true;
    unwritten.waiting.add(this);
    if (this.flushInterval === undefined) setImmediate(this.flushGathered);
    else this.timer = setTimeout(this.flushGathered, this.flushInterval).unref();
  }

  private readonly flushGathered = (): void => {
    this.flush();
  };

  private readonly retry = (): void => {
    this.settle(this.writeOut(BYTES_PER_RETRY));
  };

  /** Queues a line after those that cannot be written now. */
  private keep(line: string): void {
    const { queue, target } = this;
    if (queue.size >= BACKLOG_BYTES) {
      queue.dropped++;
      warnOnce(
        'TRACING_WRITE_STALLED',
        `${target.name} does not accept lines any more; log lines are dropped`,
      );
      return;
    }
    queue.push(line);
    if (queue.textLength >= TURN_CHARACTERS) queue.seal();
    if (unwritten.isExiting) this.flushAtExit();
  }

  /** Returns why not everything is written. */
  private writeOut(limit = Number.POSITIVE_INFINITY): Stall | undefined {
    const { queue } = this;
    if (queue.isEmpty) return undefined;
    try {
      const fd = this.target.fd();
      if (fd === undefined) return 'unknown';
      for (let bytes = 0; !queue.isEmpty; bytes += queue.writeTo(fd)) {
        if (bytes >= limit) return 'more';
        if (bytes > 0) this.retryMs = 1;
      }
    } catch (error) {
      return this.fail(error);
    }
    return undefined;
  }

  private fail(error: unknown): Stall | undefined {
    const { name } = this.target;
    this.failedWrites++;
    switch ((error as NodeJS.ErrnoException).code) {
      case 'EAGAIN':
        return 'slow';
      case 'ENOSPC':
      case 'EDQUOT':
        warnOnce('TRACING_DISK_FULL', `no space for log lines in ${name}; they wait`);
        return 'full';
      default:
        this.queue.drop();
        warnOnce('TRACING_WRITE_FAILED', `log lines could not be written to ${name}`, error);
        return undefined;
    }
  }

  /** Returns whether everything is written, and schedules the rest. */
  private settle(stall: Stall | undefined): boolean {
    clearTimeout(this.timer);
    this.isScheduled = false;
    this.isStalled = stall !== undefined;
    if (stall === undefined) {
      this.retryMs = 1;
      unwritten.waiting.delete(this);
      return true;
    }
    unwritten.waiting.add(this);
    this.timer = setTimeout(this.retry, Math.min(this.retryMs, RETRY_MS[stall]));
    this.retryMs = Math.min(this.retryMs * 2, RETRY_MS.full);
    // A process that has nothing else to do does not wait for a disk.
    if (stall === 'full') this.timer.unref();
    return false;
  }
}
