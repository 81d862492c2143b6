/** First in, first out. To remove at the head of an array costs as much as it is long; here not. */
export class Queue<T> {
  private items: T[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
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

  /** Lets go of all others. */
  keep(isKept: (item: T) => boolean): void {
    this.items = this.items.slice(this.head).filter(isKept);
    this.head = 0;
  }
}
