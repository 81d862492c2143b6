/** A record with a time. */
export interface Timed {
  readonly time: number;
  /** The order of arrival, which decides between equal times. */
  readonly n: number;
}

export function byTime(a: Timed, b: Timed): number {
  return a.time - b.time || a.n - b.n;
}

/**
 * Inserts a batch into a list that is in order. Items that are newer than all others, as nearly all
 * are, cost no more than an append; a late one moves only the items that are newer.
 */
export function mergeByTime<T extends Timed>(list: T[], batch: T[]): void {
  if (batch.length === 0) return;
  batch.sort(byTime);
  const newer = list.splice(placeOf(batch[0]!, list));
  let next = 0;
  for (const one of batch) {
    while (next < newer.length && byTime(newer[next]!, one) < 0) list.push(newer[next++]!);
    list.push(one);
  }
  while (next < newer.length) list.push(newer[next++]!);
}

/** The index of an item that is in the list. */
export function indexOf<T extends Timed>(list: readonly T[], one: T): number {
  return placeOf(one, list);
}

/** The index of the first item that is not older. */
function placeOf(one: Timed, list: readonly Timed[]): number {
  let low = 0;
  let high = list.length;
  if (high === 0 || byTime(list[high - 1]!, one) < 0) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (byTime(list[middle]!, one) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
