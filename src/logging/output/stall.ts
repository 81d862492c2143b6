import { warnOnce } from '../../records/warnings.js';
import { EXIT_PATIENCE_MS } from './exit-flush.js';

/**
 * Why lines wait: it is not known yet where they go, the reader is slow, the disk is full, the file
 * cannot be opened, or `more` are written in the next turn, so that this one does not take too long.
 */
export type Stall = 'unknown' | 'slow' | 'full' | 'closed' | 'more';

/** Each retry waits twice as long as the one before, up to this. */
export const RETRY_MS: Record<Stall, number> = {
  unknown: 10,
  slow: 10,
  full: 1000,
  closed: 1000,
  more: 0,
};
/** The same for a reader that has taken nothing for {@link EXIT_PATIENCE_MS}. */
const STOPPED_RETRY_MS = 100;

/** Whether it is worth to wait: it is not known when a full disk has space, or a file can be opened. */
export function mayPass(stall: Stall | undefined): boolean {
  return stall !== undefined && stall !== 'full' && stall !== 'closed';
}

/** What a fault of a call means for the lines that wait: a stall, or, if `undefined`, their end. */
export function stallOf(error: unknown, name: string): Stall | undefined {
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
      warnOnce('TRACING_WRITE_FAILED', `log lines could not be written to ${name}`, error);
      return undefined;
  }
}

/** What it means that the destination cannot be opened, which it could at the start. */
export function stallUnopened(error: unknown, name: string): Stall {
  warnOnce('TRACING_WRITE_STALLED', `${name} cannot be opened; log lines wait`, error, 'open');
  return 'closed';
}

/** Tries again while lines wait, ever more seldom. */
export class RetryTimer {
  private timer: NodeJS.Timeout | undefined;
  private delay = 1;
  /** Monotonic milliseconds: when bytes were last accepted, or the wait began. */
  private acceptedAt: number | undefined;

  constructor(private readonly retry: () => void) {}

  /** Whether the reader has taken nothing for so long that the process need not wait for it. */
  get isHopeless(): boolean {
    const { acceptedAt } = this;
    return acceptedAt !== undefined && performance.now() - acceptedAt >= EXIT_PATIENCE_MS;
  }

  schedule(stall: Stall): void {
    clearTimeout(this.timer);
    this.acceptedAt ??= performance.now();
    const { isHopeless } = this;
    const longest = isHopeless ? Math.max(STOPPED_RETRY_MS, RETRY_MS[stall]) : RETRY_MS[stall];
    this.timer = setTimeout(this.retry, Math.min(this.delay, longest));
    this.delay = Math.min(this.delay * 2, RETRY_MS.full);
    // A process that has nothing else to do does not wait for a disk, nor for a reader that has
    // stopped: what it may still take is written at the end.
    if (isHopeless || !mayPass(stall)) this.timer.unref();
  }

  /** Bytes were accepted. */
  noteProgress(): void {
    this.delay = 1;
    this.acceptedAt = performance.now();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.delay = 1;
    this.acceptedAt = undefined;
  }
}
