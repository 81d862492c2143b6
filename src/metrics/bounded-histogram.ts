import type { Histogram, Registry } from 'prom-client';
import type { RequestRecord } from '../records/request-record.js';
import { BoundedLabel, OTHER } from './bounded-labels.js';
import { KnownSeries, keptSeries, type Labels, type Series } from './known-series.js';
import { hasExemplars, promClient } from './prom-client.js';

/**
 * Histogram buckets in seconds, as OpenTelemetry recommends.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpserverrequestduration
 */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** The maximum number of combinations of labels of one histogram, those of `_OTHER` apart. */
const MAX_SERIES = 5_000;

export interface HistogramConfig<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly L[];
  /** The label whose values are names that a caller may have an influence on. */
  readonly bounded: L;
  /** The upper bounds of the buckets in seconds. Default: those of HTTP requests. */
  readonly buckets?: readonly number[];
}

const histograms = new WeakMap<object, BoundedHistogram<string>>();

/**
 * A histogram of durations whose number of series is bounded. Where a value of its bounded label
 * makes room for another, what was counted for it is added to `_OTHER`: sums over all series go on
 * growing.
 */
export class BoundedHistogram<L extends string> {
  private readonly values: BoundedLabel<KnownSeries<L>[]>;
  private readonly others: KnownSeries<L>[] = [];
  private size = 0;

  private constructor(
    private readonly histogram: Histogram,
    private readonly labelNames: readonly L[],
    private readonly bounded: L,
  ) {
    this.values = new BoundedLabel<KnownSeries<L>[]>(
      () => [],
      (_value, series) => this.fold(series),
    );
  }

  /** The histogram of this name. Several applications of a process share one, and its bounds. */
  static in<L extends string>(
    registry: Registry,
    { name, help, labelNames, bounded, buckets = BUCKETS }: HistogramConfig<L>,
  ): BoundedHistogram<L> {
    let histogram = registry.getSingleMetric(name);
    if (histogram === undefined) {
      // Registered afterwards: the constructor rejects exemplars if the registry writes plain text.
      histogram = new promClient.Histogram({
        name,
        help,
        labelNames,
        buckets: [...buckets],
        ...(hasExemplars && { enableExemplars: true }),
        registers: [],
      });
      registry.registerMetric(histogram);
    }
    const known = histograms.get(histogram) as BoundedHistogram<L> | undefined;
    if (known !== undefined) return known;
    const made = new BoundedHistogram(histogram as Histogram, labelNames, bounded);
    histograms.set(histogram, made as BoundedHistogram<string>);
    return made;
  }

  /** Adds a duration, with the trace id as its exemplar, so that its log can be found. */
  observe(given: Labels<L>, milliseconds: number, { w3cTraceId }: RequestRecord): void {
    const { histogram } = this;
    const series = this.seriesOf(given);
    const value = milliseconds / 1000;
    if (series.add(histogram, value, w3cTraceId)) return;
    const { labels } = series;
    if (!hasExemplars) return histogram.observe(labels, value);
    histogram.observe({ labels, value, exemplarLabels: { trace_id: w3cTraceId } });
  }

  /** The series of these labels, or of `_OTHER` where there are too many. */
  private seriesOf(given: Labels<L>): KnownSeries<L> {
    const known = this.values.use(given[this.bounded]);
    if (known === undefined) return this.otherSeries(given);
    // Loops, because this runs for each request: `find` and `every` would allocate a closure each.
    for (let i = 0; i < known.length; i++) {
      if (this.isSame(known[i]!.labels, given)) return known[i]!;
    }
    if (this.size >= MAX_SERIES) return this.otherSeries(given);
    this.size++;
    const series = new KnownSeries(given);
    known.push(series);
    return series;
  }

  private isSame(one: Labels<L>, other: Labels<L>): boolean {
    for (let i = 0; i < this.labelNames.length; i++) {
      const name = this.labelNames[i]!;
      if (one[name] !== other[name]) return false;
    }
    return true;
  }

  private otherSeries(given: Labels<L>): KnownSeries<L> {
    const { bounded, labelNames, others } = this;
    const known = others.find(({ labels }) =>
      labelNames.every((name) => name === bounded || labels[name] === given[name]),
    );
    if (known !== undefined) return known;
    const labels = { ...given };
    labels[bounded] = OTHER;
    const series = new KnownSeries(labels);
    others.push(series);
    return series;
  }

  /** Adds all of a value to `_OTHER`. Returns `false` for a prom-client that keeps it otherwise. */
  private fold(removed: readonly KnownSeries<L>[]): boolean {
    const before = keptSeries(this.histogram);
    if (before === undefined) return false;
    for (const { labels } of removed) {
      const from = before.find((series) => series.labels === labels);
      if (from === undefined) continue;
      const others = this.otherSeries(labels).labels;
      let to = keptSeries(this.histogram)?.find((series) => series.labels === others);
      if (to === undefined) {
        this.histogram.zero(others);
        to = keptSeries(this.histogram)?.find((series) => series.labels === others);
      }
      if (to !== undefined) addSeries(from, to);
      this.histogram.remove(labels);
    }
    this.size -= removed.length;
    return true;
  }
}

function addSeries(from: Series, to: Series): void {
  to.sum += from.sum;
  to.count += from.count;
  for (const [bound, count] of Object.entries(from.bucketValues)) {
    to.bucketValues[bound] = (to.bucketValues[bound] ?? 0) + count;
  }
  for (const [bound, exemplar] of Object.entries(from.bucketExemplars ?? {})) {
    if (to.bucketExemplars !== undefined) to.bucketExemplars[bound] ??= exemplar;
  }
}
