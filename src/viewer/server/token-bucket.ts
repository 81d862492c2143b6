/** Seconds of the rate that may come at once. */
const BURST_SECONDS = 5;

/** A rate limit: so many in a second, and bursts after a quiet time. */
export class TokenBucket {
  private tokens: number;
  private filledMs = 0;

  constructor(private readonly perSecond: number) {
    this.tokens = perSecond * BURST_SECONDS;
  }

  /** Whether one more may pass, at this moment in monotonic milliseconds. */
  take(nowMs: number): boolean {
    if (nowMs > this.filledMs) {
      const added = ((nowMs - this.filledMs) / 1000) * this.perSecond;
      this.tokens = Math.min(this.tokens + added, this.perSecond * BURST_SECONDS);
      this.filledMs = nowMs;
    }
    if (this.tokens < 1) return false;
    this.tokens--;
    return true;
  }
}
