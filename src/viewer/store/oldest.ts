import { indexOf, type Timed } from './time-order.js';

/** Of those that a list may have, so many are spared when the oldest are dropped. */
const SPARED_SHARE = 0.5;

/** Items that are dropped; each list is in the order of time. */
export interface Oldest<T> {
  /** Those that were spared before. */
  readonly spared: readonly T[];
  readonly others: readonly T[];
}

/**
 * Takes the oldest items out of a list. Those to be spared stay at its begin until they are half of
 * the limit; then the oldest of them go as well.
 */
export class OldestItems<T> {
  /** So many at the begin of the list are spared: they are not looked at again. */
  private spared = 0;

  constructor(
    private readonly limit: number,
    private readonly isSpared: (item: T) => boolean,
  ) {}

  /** Takes out what is over the limit. */
  takeFrom(items: T[]): Oldest<T> {
    const excess = items.length - this.limit;
    if (excess <= 0) return { spared: [], others: [] };
    const most = Math.floor(this.limit * SPARED_SHARE);
    const others: T[] = [];
    const kept: T[] = [];
    let seen = this.spared;
    let gone = 0;
    while (others.length + gone < excess) {
      const item = items[seen++]!;
      if (!this.isSpared(item)) others.push(item);
      else if (kept.push(item) + this.spared - gone > most) gone++;
    }
    items.splice(this.spared, seen - this.spared, ...kept);
    this.spared += kept.length - gone;
    return { spared: items.splice(0, gone), others };
  }
}

/** Takes these items, which are near to each other, out of a list that has all of them. */
export function takeOut<T extends Timed>(items: T[], taken: readonly T[]): void {
  if (taken.length === 0) return;
  const wanted = new Set(taken);
  const from = indexOf(items, taken[0]!);
  const kept: T[] = [];
  let seen = from;
  for (let left = taken.length; left > 0 && seen < items.length; seen++) {
    const item = items[seen]!;
    if (wanted.has(item)) left--;
    else kept.push(item);
  }
  items.splice(from, seen - from, ...kept);
}
