/**
 * A first-in-first-out queue. `Array.prototype.shift` takes time proportional to the length of the
 * array. This queue moves an index instead, and copies the array once half of it is removed.
 */
export class FifoQueue<T> {
  private items: T[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  /** The oldest item. */
  get first(): T | undefined {
    return this.items[this.head];
  }

  /** The item with this index. The oldest has the index 0. */
  at(index: number): T | undefined {
    return this.items[this.head + index];
  }

  push(item: T): void {
    this.items.push(item);
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const first = this.items[this.head];
    // What is removed must not stay in memory until the copy.
    (this.items as (T | undefined)[])[this.head++] = undefined;
    if (this.head * 2 > this.items.length) this.keep(() => true);
    return first;
  }

  /** Removes all items for which `isKept` returns `false`. */
  keep(isKept: (item: T) => boolean): void {
    this.items = this.items.slice(this.head).filter(isKept);
    this.head = 0;
  }

  clear(): void {
    this.items = [];
    this.head = 0;
  }

  /** A copy of a range of items, by default of all. The oldest item has the index 0. */
  slice(from = 0, to = this.length): T[] {
    return this.items.slice(this.head + from, this.head + to);
  }
}
