/** Of those that a list may have, so many are spared when the oldest are dropped. */
const SPARED_SHARE = 0.5;
/** As a walk over the spared ones costs more than what it takes out, it takes out this share at once. */
const STEP_SHARE = 0.01;

/**
 * Takes the oldest items out of a list that has more than `limit`, until it has a little less. Those to be spared stay
 * until they are half of the limit; then the oldest of them go as well.
 */
export function takeOldest<T>(
  items: T[],
  limit: number,
  isSpared: (item: T) => boolean,
): readonly T[] {
  if (items.length <= limit) return [];
  const excess = items.length - limit + Math.floor(limit * STEP_SHARE);
  const mostSpared = Math.floor(limit * SPARED_SHARE);
  const taken: T[] = [];
  const spared: T[] = [];
  let firstSpared = 0;
  let seen = 0;
  while (taken.length < excess) {
    const item = items[seen++]!;
    if (!isSpared(item)) taken.push(item);
    else if (spared.push(item) - firstSpared > mostSpared) taken.push(spared[firstSpared++]!);
  }
  putBefore(items, seen, spared.slice(firstSpared));
  return taken;
}

/** Takes these items out of a list that has all of them. */
export function takeOut<T>(items: T[], taken: ReadonlySet<T>): void {
  const kept: T[] = [];
  let seen = 0;
  for (let left = taken.size; left > 0 && seen < items.length; seen++) {
    const item = items[seen]!;
    if (taken.has(item)) left--;
    else kept.push(item);
  }
  putBefore(items, seen, kept);
}

/** Replaces the first items of a list by fewer ones. */
function putBefore<T>(items: T[], end: number, kept: readonly T[]): void {
  const from = end - kept.length;
  for (const [index, item] of kept.entries()) items[from + index] = item;
  items.splice(0, from);
}
