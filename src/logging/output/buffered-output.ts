import { setTimeout as sleep } from 'node:timers/promises';
import { warnOnce } from '../../records/warnings.js';
import { LineBacklog } from './line-backlog.js';
import type { LineTarget } from './line-target.js';
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

/**
 * Why lines wait: it is not known yet where they go, the reader is slow, the disk is full, the file
 * cannot be opened, or `more` are written in the next turn, so that this one does not take too long.
 */
type Stall = 'unknown' | 'slow' | 'full' | 'closed' | 'more';

/** The most that is gathered in one turn. */
const TURN_CHARACTERS = 256 * 1024;
/** The backlog is written in parts of this size, so that other work is not held up. */
const BYTES_PER_RETRY = 1024 * 1024;
/** Beyond this, lines are dropped: a reader that has stopped must not fill the memory. */
export const BACKLOG_BYTES = 64 * 1024 * 1024;
/** Each retry waits twice as long as the one before, up to this. */
const RETRY_MS: Record<Stall, number> = {
  unknown: 10,
  slow: 10,
  full: 1000,
  closed: 1000,
  more: 0,
};
/** The same for a reader that has taken nothing for {@link EXIT_PATIENCE_MS}. */
const STOPPED_RETRY_MS = 100;

/**
 * Gathers lines and writes them with few calls: one call per line costs half as much again. What the
 * system does not accept now is written later, in order, without blocking the event loop.
 */
export class LineOutput {
  private readonly queue: LineBacklog;
  private readonly flushInterval: number | undefined;
  /** From this many characters on, lines are written. */
  private flushAt: number;
  /** Whether gathered lines will be written without another call. */
  private isScheduled = false;
  private timer: NodeJS.Timeout | undefined;
  /** Why lines wait, if they do. */
  private stall: Stall | undefined;
  /** Whether the target is closed once the lines that wait are written. */
  private isClosing = false;
  private retryMs = 1;
  /** Monotonic milliseconds: when bytes were last accepted, while lines wait. */
  private acceptedAt = 0;
  private failedWrites = 0;
  private failedReopens = 0;

  constructor(
    private readonly target: LineTarget,
    { isImmediate = false, bufferSize = 0, flushInterval = 1000 }: Gathering = {},
  ) {
    this.queue = new LineBacklog(target.atomicBytes);
    this.flushAt = isImmediate ? 0 : bufferSize || TURN_CHARACTERS;
    this.flushInterval = bufferSize === 0 ? undefined : flushInterval;
  }

  get counts(): LineCounts {
    const { failedReopens, failedWrites, queue } = this;
    const { written, dropped, lines } = queue;
    return { written, dropped, waiting: lines, failedWrites, failedReopens };
  }

  append(line: string): void {
    if (this.stall !== undefined) return this.keep(line);
    if (this.queue.isFullFor(line)) {
      const stall = this.writeOut();
      if (stall !== undefined) {
        this.settle(stall);
        return this.keep(line);
      }
    }
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
    while (stall !== undefined && mayPass(stall) && performance.now() < deadline) {
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

  /** Waits for a slow reader until all lines are written, for a limited time. */
  async drain(): Promise<void> {
    const deadline = performance.now() + EXIT_PATIENCE_MS;
    while (
      !this.flush() &&
      mayPass(this.stall) &&
      !this.hasStopped &&
      performance.now() < deadline
    ) {
      await sleep(RETRY_MS.slow);
    }
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
    this.queue.callBytes = target.atomicBytes ?? Number.POSITIVE_INFINITY;
    this.queue.restartLine();
    this.flush();
    return true;
  }

  /**
   * Writes all lines and closes the target. Where the reader is slow, that happens later: lines wait
   * for it as before, but no longer than at the end of the process.
   */
  close(): void {
    const { target } = this;
    target.release?.();
    if (unwritten.isExiting) this.flushAtExit();
    else this.flush();
    if (target.close === undefined) return;
    if (mayPass(this.stall) && !unwritten.isExiting) this.isClosing = true;
    else this.closeTarget();
  }

  private closeTarget(): void {
    const { name } = this.target;
    this.isClosing = false;
    if (mayPass(this.stall)) {
      warnOnce('TRACING_WRITE_STALLED', `${name} is closed before it accepts all lines`);
    }
    this.queue.drop();
    this.settle(undefined);
    try {
      this.target.close?.();
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
    this.isScheduled = false;
    if (this.stall === undefined) this.flush();
  };

  private readonly retry = (): void => {
    const isWritten = this.settle(this.writeOut(BYTES_PER_RETRY));
    if (this.isClosing && (isWritten || !mayPass(this.stall) || this.hasStopped))
      this.closeTarget();
  };

  /** Whether the reader has taken nothing for so long that the process need not wait for it. */
  private get hasStopped(): boolean {
    return performance.now() - this.acceptedAt >= EXIT_PATIENCE_MS;
  }

  /** Queues a line after those that cannot be written now. */
  private keep(line: string): void {
    const { queue, target } = this;
    if (queue.size + line.length >= BACKLOG_BYTES) {
      queue.dropped++;
      warnOnce(
        'TRACING_WRITE_STALLED',
        `${target.name} does not accept lines any more; log lines are dropped`,
      );
      return;
    }
    if (queue.isFullFor(line)) queue.seal();
    queue.push(line);
    if (queue.textLength >= TURN_CHARACTERS) queue.seal();
    if (unwritten.isExiting) this.flushAtExit();
  }

  /** Returns why not everything is written. */
  private writeOut(limit = Number.POSITIVE_INFINITY): Stall | undefined {
    const { queue } = this;
    if (queue.isEmpty) return undefined;
    let fd: number | undefined;
    try {
      fd = this.target.fd();
    } catch (error) {
      return this.failToOpen(error);
    }
    if (fd === undefined) return 'unknown';
    let bytes = 0;
    try {
      for (; !queue.isEmpty; bytes += queue.writeTo(fd)) if (bytes >= limit) return 'more';
    } catch (error) {
      return this.fail(error);
    } finally {
      if (bytes > 0 && this.stall !== undefined) {
        this.retryMs = 1;
        this.acceptedAt = performance.now();
      }
    }
    return undefined;
  }

  private failToOpen(error: unknown): Stall {
    const { name } = this.target;
    this.failedWrites++;
    warnOnce(
      'TRACING_WRITE_STALLED',
      `${name} cannot be opened; log lines wait for it`,
      error,
      'open',
    );
    return 'closed';
  }

  private fail(error: unknown): Stall | undefined {
    const { name } = this.target;
    this.failedWrites++;
    switch ((error as NodeJS.ErrnoException).code) {
      case 'EAGAIN':
      case 'ENOBUFS':
        return 'slow';
      case 'ENOSPC':
      case 'EDQUOT':
      case 'EFBIG':
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
    const wasStalled = this.stall !== undefined;
    this.stall = stall;
    clearTimeout(this.timer);
    // What is scheduled for the end of this turn is not a timer, and stays.
    if (this.flushInterval !== undefined) this.isScheduled = false;
    if (stall === undefined) {
      this.retryMs = 1;
      // What is gathered until the end of this turn may have to be written at the end of the process.
      if (!this.isScheduled) unwritten.waiting.delete(this);
      if (this.isClosing) this.closeTarget();
      return true;
    }
    if (!wasStalled) this.acceptedAt = performance.now();
    unwritten.waiting.add(this);
    const isStopped = this.hasStopped;
    const longest = isStopped ? Math.max(STOPPED_RETRY_MS, RETRY_MS[stall]) : RETRY_MS[stall];
    this.timer = setTimeout(this.retry, Math.min(this.retryMs, longest));
    this.retryMs = Math.min(this.retryMs * 2, RETRY_MS.full);
    // A process that has nothing else to do does not wait for a disk, nor for a reader that has
    // stopped: what it may still take is written at the end.
    if (isStopped || !mayPass(stall)) this.timer.unref();
    return false;
  }
}

/** Whether it is worth to wait: it is not known when a full disk has space, or a file can be opened. */
function mayPass(stall: Stall | undefined): boolean {
  return stall !== undefined && stall !== 'full' && stall !== 'closed';
}
