import { warnOnce } from '../records/warnings.js';

/** How many messages, requests or operations of one connection may be open, each way. */
export const MAX_OPEN = 1000;

/**
 * What is open on one connection, by a key. A client that ends nothing, or a server that answers
 * nothing, must not fill the memory for as long as the connection lasts: beyond {@link MAX_OPEN}, the
 * oldest is let go, which its access log line or its span says.
 */
export class OpenWork<K, T> {
  // An array of one, which is emptied when that is taken: a table that a `Map` has outgrown is kept for as long as V8 does not
  // collect all garbage, with what was in it.
  private readonly open = new Map<K, T[]>();

  /** @param letGo ends what is not followed any longer. It is not open then. */
  constructor(private readonly letGo: (oldest: T) => void) {}

  add(key: K, work: T): void {
    // A key may be used again before its first use has ended.
    const before = this.take(key);
    if (before !== undefined) this.letGo(before);
    if (this.open.size >= MAX_OPEN) {
      warnOnce(
        'TRACING_TOO_MANY_OPEN',
        `a connection has more than ${MAX_OPEN} messages or requests that do not end: the oldest are no longer traced`,
      );
      this.letGoOldest();
    }
    this.open.set(key, [work]);
  }

  /** What is open under a key. It is not open any longer. */
  take(key: K): T | undefined {
    const place = this.open.get(key);
    this.open.delete(key);
    return place?.pop();
  }

  /** What is open, the oldest first. */
  get all(): readonly T[] {
    return [...this.open.values()].flatMap((place) => place);
  }

  private letGoOldest(): void {
    for (const key of this.open.keys()) {
      const oldest = this.take(key);
      if (oldest !== undefined) this.letGo(oldest);
      return;
    }
  }
}
