/**
 * A queue: first in, first out. `Array.prototype.shift` takes as long as the array has items; here
 * the beginning is moved on instead, and the array is copied once half of it has been removed.
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

  push(item: T): void {
    this.items.push(item);
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const first = this.items[this.head++];
    if (this.head * 2 > this.items.length) this.keep(() => true);
    return first;
  }

  /** Removes all others. */
  keep(isKept: (item: T) => boolean): void {
    this.items = this.items.slice(this.head).filter(isKept);
    this.head = 0;
  }

  clear(): void {
    this.items = [];
    this.head = 0;
  }

  /** A copy of some of the items: of all by default. The first has the index 0. */
  slice(from = 0, to = this.length): T[] {
    return this.items.slice(this.head + from, this.head + to);
  }
}
