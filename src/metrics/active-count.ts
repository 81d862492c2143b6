import type { Gauge, Registry } from 'prom-client';
import { promClient } from './prom-client.js';

interface ActiveCountConfig {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
}

/** What all applications have in progress, by label, for the gauges that are made here. */
const totals = new WeakMap<Gauge, Map<string, number>>();

/**
 * What one application has in progress, counted in a gauge with one label that several applications
 * may share. The gauge gets its values when it is read: that is rare, and each request counts twice.
 */
export class ActiveCount {
  private readonly counts = new Map<string, number>();

  private constructor(
    private readonly gauge: Gauge,
    private readonly totals: Map<string, number> | undefined,
  ) {}

  /** A count in the gauge of this name. */
  static in(registry: Registry, config: ActiveCountConfig): ActiveCount {
    const known = registry.getSingleMetric(config.name) as Gauge | undefined;
    // One that was made elsewhere, as by another copy of this package, has to be told each time.
    if (known !== undefined) return new ActiveCount(known, totals.get(known));
    const inAll = new Map<string, number>();
    const collect = (): void => {
      for (const [label, count] of inAll) gauge.labels(label).set(count);
    };
    const gauge: Gauge = new promClient.Gauge({ ...config, collect, registers: [registry] });
    totals.set(gauge, inAll);
    return new ActiveCount(gauge, inAll);
  }

  /** Counts one more, or one less, under a label. */
  add(label: string, difference: 1 | -1): void {
    this.counts.set(label, (this.counts.get(label) ?? 0) + difference);
    this.change(label, difference);
  }

  /** Takes back all that has not ended. Nothing may be counted afterwards. */
  release(): void {
    for (const [label, count] of this.counts) this.change(label, -count);
    this.counts.clear();
  }

  private change(label: string, difference: number): void {
    const { totals: inAll } = this;
    if (inAll === undefined) this.gauge.labels(label).inc(difference);
    else inAll.set(label, (inAll.get(label) ?? 0) + difference);
  }
}
