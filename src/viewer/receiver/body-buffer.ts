const MIN_CAPACITY = 4096;
const NOTHING = Buffer.alloc(0);

/**
 * Bytes that arrive in chunks. They are copied into one buffer: a list of chunks of one byte each
 * would take a hundred times as much.
 */
export class BodyBuffer {
  length = 0;
  private buffer = NOTHING;
  private limit = Infinity;

  /** The bytes of memory that it takes. */
  get capacity(): number {
    return this.buffer.length;
  }

  /** The capacity that it will have with so many more bytes, which are at most `limit` in all. */
  capacityFor(bytes: number, limit: number): number {
    this.limit = limit;
    const needed = this.length + bytes;
    if (needed <= this.capacity) return this.capacity;
    return Math.max(needed, Math.min(limit, Math.max(MIN_CAPACITY, this.capacity * 2)));
  }

  append(chunk: Uint8Array): void {
    const capacity = this.capacityFor(chunk.length, this.limit);
    if (capacity > this.capacity) {
      const larger = Buffer.allocUnsafeSlow(capacity);
      this.buffer.copy(larger, 0, 0, this.length);
      this.buffer = larger;
    }
    this.buffer.set(chunk, this.length);
    this.length += chunk.length;
  }

  content(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  /** Frees the memory. */
  drop(): void {
    this.buffer = NOTHING;
    this.length = 0;
  }
}
