import type { ViewDrops, ViewRecord } from '../../view-records.js';

const NOTHING_DROPPED: ViewDrops = { type: 'drops', requests: 0, lines: 0, spans: 0 };

/** Records that have arrived and are not shown yet. Of too many, the oldest go and are counted. */
export class RecordQueue {
  readonly dropped = { requests: 0, lines: 0, spans: 0 };
  private batches: (readonly ViewRecord[])[] = [];
  private count = 0;

  constructor(private readonly limit: number) {}

  /** How many wait. */
  get size(): number {
    return this.count;
  }

  push(records: readonly ViewRecord[]): void {
    this.batches.push(records);
    this.count += records.length;
    while (this.count > this.limit && this.batches.length > 1) this.drop(this.shift());
  }

  /** What comes now is from a server that counts from nothing what it drops. */
  beginServer(): void {
    this.push([NOTHING_DROPPED]);
  }

  /** The oldest, at most so many; empty when none wait. */
  take(most: number): readonly ViewRecord[] {
    const batch = this.shift();
    if (batch.length <= most) return batch;
    this.batches.unshift(batch.slice(most));
    this.count += batch.length - most;
    return batch.slice(0, most);
  }

  clear(): void {
    this.batches = [];
    this.count = 0;
  }

  private shift(): readonly ViewRecord[] {
    const batch = this.batches.shift() ?? [];
    this.count -= batch.length;
    return batch;
  }

  private drop(records: readonly ViewRecord[]): void {
    for (const { type } of records) {
      if (type === 'line') this.dropped.lines++;
      else if (type === 'span') this.dropped.spans++;
      else if (type === 'request') this.dropped.requests++;
    }
  }
}
