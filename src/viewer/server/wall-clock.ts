import { roundMs } from '../../records/round-ms.js';

/** The clock was set, or the machine has slept. */
const TOLERANCE_MS = 2;

/**
 * Converts monotonic times to times of day with fractions of a millisecond, so that requests, spans
 * and lines of one process stay in the order in which they happened.
 */
export class WallClock {
  private offset = Date.now() - performance.now();

  /** Milliseconds since the Unix epoch. */
  at(monotonicMs: number): number {
    const offset = Date.now() - performance.now();
    if (Math.abs(offset - this.offset) > TOLERANCE_MS) this.offset = offset;
    return roundMs(monotonicMs + this.offset);
  }
}
