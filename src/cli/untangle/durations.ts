/** Up to so many durations are kept as they are. */
const MAX_EXACT = 256;
/** Beyond, a duration is known to one per cent. */
const STEP = Math.log(1.02);
const LEAST_MS = 0.001;

/** Durations whose percentiles are wanted: a bounded number of counts, however many there are. */
export class Durations {
  count = 0;
  longest = 0;
  private exact: number[] | undefined = [];
  private readonly counts = new Map<number, number>();

  add(ms: number): void {
    if (!(ms >= 0) || ms === Infinity) return;
    this.count++;
    this.longest = Math.max(this.longest, ms);
    if (this.exact === undefined) return this.addCount(ms);
    this.exact.push(ms);
    if (this.exact.length <= MAX_EXACT) return;
    for (const one of this.exact) this.addCount(one);
    this.exact = undefined;
  }

  /** The least duration that so many per cent of all are not longer than; `undefined` for none. */
  percentile(percent: number): number | undefined {
    if (this.count === 0) return undefined;
    const rank = Math.max(Math.ceil((percent / 100) * this.count), 1);
    if (this.exact !== undefined) return this.exact.toSorted((a, b) => a - b)[rank - 1];
    let seen = 0;
    for (const [step, count] of [...this.counts].toSorted(([a], [b]) => a - b)) {
      seen += count;
      if (seen >= rank) return Math.min(LEAST_MS * Math.exp((step - 0.5) * STEP), this.longest);
    }
    return this.longest;
  }

  private addCount(ms: number): void {
    const step = Math.ceil(Math.log(Math.max(ms, LEAST_MS) / LEAST_MS) / STEP);
    this.counts.set(step, (this.counts.get(step) ?? 0) + 1);
  }
}
