import { setTimeout as sleep } from 'node:timers/promises';
import { warnOnce } from '../../records/warnings.js';
import { LineBacklog } from './line-backlog.js';
import type { LineTarget } from './line-target.js';
import { EXIT_PATIENCE_MS, unwritten } from './exit-flush.js';
import { mayPass, RETRY_MS, RetryTimer, type Stall, stallOf, stallUnopened } from './stall.js';

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
  /** Bytes that are gathered across turns. */
  readonly bufferSize?: number;
  /** Milliseconds that a gathered line may wait. */
  readonly flushInterval?: number;
}

/** The most that is gathered in one turn. */
const TURN_BYTES = 256 * 1024;
/** The backlog is written in parts of this size, so that other work is not held up. */
const BYTES_PER_RETRY = 1024 * 1024;
/** Beyond this, lines are dropped: a reader that has stopped must not fill the memory. */
export const BACKLOG_BYTES = 64 * 1024 * 1024;
/**
 * Gathers lines and writes them with few calls: one call per line costs half as much again. What the
 * system does not accept now is written later, in order, without blocking the event loop.
 */
export class LineOutput {
  private readonly queue: LineBacklog;
  private readonly flushInterval: number | undefined;
  /** From this many bytes on, lines are written. */
  private flushAt: number;
  /** Whether gathered lines will be written without another call. */
  private isScheduled = false;
  private timer: NodeJS.Timeout | undefined;
  /** Why lines wait, if they do. */
  private stall: Stall | undefined;
  /** Whether the target is closed once the lines that wait are written. */
  private isClosing = false;
  private readonly retries = new RetryTimer(() => this.retry());
  private failedWrites = 0;
  private failedReopens = 0;
  /** The descriptor that was written to last; `undefined` where it may be of another kind now. */
  private fd: number | undefined;

  constructor(
    private readonly target: LineTarget,
    { isImmediate = false, bufferSize = 0, flushInterval = 1000 }: Gathering = {},
  ) {
    this.queue = new LineBacklog(target.atomicBytes);
    this.flushAt = isImmediate ? 0 : bufferSize || TURN_BYTES;
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
    else if (this.queue.holds(this.flushAt)) this.flush();
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
      !this.retries.isHopeless &&
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
    this.fd = undefined;
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
      warnOnce('TRACING_WRITE_STALLED', `${name} was closed before it accepted all log lines`);
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

  private retry(): void {
    if (this.settle(this.writeOut(BYTES_PER_RETRY)) || !this.isClosing) return;
    if (!mayPass(this.stall) || this.retries.isHopeless) this.closeTarget();
  }

  /** Queues a line after those that cannot be written now. */
  private keep(line: string): void {
    const { queue, target } = this;
    if (queue.holds(BACKLOG_BYTES - line.length)) {
      queue.dropped++;
      warnOnce(
        'TRACING_WRITE_STALLED',
        `${target.name} no longer accepts lines; log lines are dropped`,
      );
      return;
    }
    if (queue.isFullFor(line)) queue.seal();
    queue.push(line);
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
      this.failedWrites++;
      return stallUnopened(error, this.target.name);
    }
    if (fd === undefined) return 'unknown';
    if (fd !== this.fd) {
      this.fd = fd;
      this.queue.callBytes = this.target.atomicBytes ?? Number.POSITIVE_INFINITY;
    }
    let bytes = 0;
    try {
      for (; !queue.isEmpty; bytes += queue.writeTo(fd)) if (bytes >= limit) return 'more';
    } catch (error) {
      return this.fail(error);
    } finally {
      if (bytes > 0 && this.stall !== undefined) this.retries.noteProgress();
    }
    return undefined;
  }

  private fail(error: unknown): Stall | undefined {
    this.failedWrites++;
    const stall = stallOf(error, this.target.name);
    if (stall === undefined) this.queue.drop();
    return stall;
  }

  /** Returns whether everything is written, and schedules the rest. */
  private settle(stall: Stall | undefined): boolean {
    this.stall = stall;
    if (this.flushInterval !== undefined) {
      clearTimeout(this.timer);
      this.isScheduled = false;
    }
    if (stall !== undefined) {
      unwritten.waiting.add(this);
      this.retries.schedule(stall);
      return false;
    }
    this.retries.stop();
    // What is gathered until the end of this turn may have to be written at the end of the process.
    if (!this.isScheduled) unwritten.waiting.delete(this);
    if (this.isClosing) this.closeTarget();
    return true;
  }
}
