import type { Histogram } from 'prom-client';
import { hasExemplars } from './prom-client.js';

/** One combination of label values. */
export type Labels<L extends string> = Record<L, string>;

/** What prom-client keeps of one combination of labels, which its types do not declare. */
export interface Series {
  readonly labels: object;
  readonly bucketValues: Record<string, number>;
  readonly bucketExemplars?: Record<string, unknown>;
  sum: number;
  count: number;
}

interface Exemplar {
  labelSet: object;
  value: number;
  timestamp: number;
}

/** What a histogram of prom-client has, which its types do not declare. */
interface HistogramState {
  readonly hashMap?: Readonly<Record<string, unknown>>;
  readonly upperBounds?: readonly number[];
}

/** The bucket of what is above all bounds, in the exemplars. */
const ABOVE = '-1';
const boundTexts = new WeakMap<readonly number[], readonly string[]>();

/**
 * A combination of labels of a histogram, and the place where prom-client keeps it. For each
 * observation, prom-client checks the labels, joins them to a key and turns bounds into texts; here all
 * of that is done once.
 */
export class KnownSeries<L extends string> {
  private readonly key: string;

  constructor(readonly labels: Labels<L>) {
    // Now: prom-client writes default labels into the object that it is given.
    this.key = keyOf(labels);
  }

  /**
   * Adds a value, in seconds, with its exemplar. Returns `false` where prom-client has to do that itself: it
   * has no such series or exemplar yet, or keeps them otherwise.
   */
  add(histogram: Histogram, value: number, traceId: string): boolean {
    const { hashMap, upperBounds } = histogram as HistogramState;
    if (hashMap === undefined || upperBounds === undefined || !Number.isFinite(value)) return false;
    // Looked up each time: the application may reset its metrics, or remove one of them.
    const series = hashMap[this.key];
    if (!isSeries(series)) return false;
    const bound = boundOf(upperBounds, value);
    if (hasExemplars) {
      const exemplar = series.bucketExemplars?.[bound];
      if (!isExemplar(exemplar)) return false;
      exemplar.labelSet = { trace_id: traceId };
      exemplar.value = value;
      exemplar.timestamp = Date.now() / 1000;
    }
    series.sum += value;
    series.count++;
    if (bound !== ABOVE) series.bucketValues[bound]!++;
    return true;
  }
}

/** All series of a histogram; `undefined` for a prom-client that keeps them otherwise. */
export function keptSeries(histogram: object): Series[] | undefined {
  const { hashMap } = histogram as HistogramState;
  if (typeof hashMap !== 'object' || hashMap === null) return undefined;
  const all = Object.values(hashMap);
  return all.every(isSeries) ? all : undefined;
}

function isSeries(value: unknown): value is Series {
  if (typeof value !== 'object' || value === null) return false;
  const { labels, bucketValues, sum, count } = value as Partial<Series>;
  return (
    typeof labels === 'object' &&
    typeof bucketValues === 'object' &&
    typeof sum === 'number' &&
    typeof count === 'number'
  );
}

function isExemplar(value: unknown): value is Exemplar {
  return typeof value === 'object' && value !== null && 'timestamp' in value;
}

/** The key under which prom-client keeps labels: with another one, nothing is found. */
function keyOf(labels: Readonly<Record<string, string>>): string {
  let key = '';
  for (const name of Object.keys(labels).toSorted()) key += `${name}:${labels[name]},`;
  return key;
}

function boundOf(bounds: readonly number[], value: number): string {
  let texts = boundTexts.get(bounds);
  if (texts === undefined) boundTexts.set(bounds, (texts = bounds.map(String)));
  for (let i = 0; i < bounds.length; i++) if (value <= bounds[i]!) return texts[i]!;
  return ABOVE;
}
