/** More than a consumer has partitions; the one that was used least recently is forgotten. */
const MAX_PARTITIONS = 10_000;

interface Delivered {
  /** All offsets from one to the other have been delivered. */
  readonly first: number;
  readonly last: number;
  /** The one that was delivered last, and how often in a row. */
  readonly offset: number;
  readonly attempt: number;
}

/**
 * Counts how often a consumer is given a message. A broker does not: it only knows up to where a
 * group has come, so what another process has been given before is not counted.
 */
export class DeliveredOffsets {
  private readonly partitions = new Map<string, Delivered>();

  /** Notes that a message is delivered, and returns which attempt that is: 1 for the first. */
  deliver(partition: string, offsetText: unknown): number | undefined {
    const offset = Number(offsetText);
    if (!Number.isSafeInteger(offset)) return undefined;
    const known = this.partitions.get(partition);
    const next = known === undefined ? begin(offset) : follow(known, offset);
    this.partitions.delete(partition);
    this.partitions.set(partition, next);
    if (this.partitions.size > MAX_PARTITIONS) {
      for (const oldest of this.partitions.keys()) {
        this.partitions.delete(oldest);
        break;
      }
    }
    return next.attempt;
  }
}

function begin(offset: number): Delivered {
  return { first: offset, last: offset, offset, attempt: 1 };
}

function follow(known: Delivered, offset: number): Delivered {
  const { first, last } = known;
  if (offset === known.offset) return { ...known, attempt: known.attempt + 1 };
  if (offset > last) return { first, last: offset, offset, attempt: 1 };
  // The consumer was set back, by a rebalance or by the application.
  return offset < first ? begin(offset) : { first, last, offset, attempt: 2 };
}
