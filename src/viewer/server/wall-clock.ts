import { roundMs } from '../../records/round-ms.js';

/** The clock was set, or the machine has slept. */
const TOLERANCE_MS = 2;

/**
 * Tells monotonic instants as time of day, with their fractions of a millisecond: requests, spans
 * and lines of one process are then in the order in which they happened.
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
