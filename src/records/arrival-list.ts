/** A place in an {@link ArrivalList}: between what came before it and what came after it. */
export interface Arrival<T> {
  older: T | undefined;
  newer: T | undefined;
}

/**
 * What there is at the moment, in the order in which it came, such as the requests that hold lines.
 *
 * It is not a `Set` or a `Map`: the table that one of those has outgrown refers to the next one, so
 * once V8 has moved a table to its old generation, all that is added later outlives every garbage
 * collection but the full ones. With requests as the keys, collections took a hundred times as long.
 */
export class ArrivalList<T extends Arrival<T>> {
  oldest: T | undefined = undefined;
  size = 0;
  private newest: T | undefined = undefined;

  /** Adds what is in no list. */
  add(item: T): void {
    item.older = this.newest;
    if (this.newest === undefined) this.oldest = item;
    else this.newest.newer = item;
    this.newest = item;
    this.size++;
  }

  /** Removes what is in this list. */
  remove(item: T): void {
    const { older, newer } = item;
    if (older === undefined) this.oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.newest = older;
    else newer.older = older;
    item.older = undefined;
    item.newer = undefined;
    this.size--;
  }
}
