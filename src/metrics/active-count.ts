import type { Gauge } from 'prom-client';

/**
 * What one application has in progress, counted in a gauge with one label that several applications
 * may share.
 */
export class ActiveCount {
  private readonly counts = new Map<string, number>();

  constructor(private readonly gauge: Gauge) {}

  /** Counts one more, or one less, under a label. */
  add(label: string, difference: 1 | -1): void {
    this.counts.set(label, (this.counts.get(label) ?? 0) + difference);
    this.gauge.labels(label).inc(difference);
  }

  /** Takes back all that has not ended. Nothing may be counted afterwards. */
  release(): void {
    for (const [label, count] of this.counts) this.gauge.labels(label).dec(count);
    this.counts.clear();
  }
}
