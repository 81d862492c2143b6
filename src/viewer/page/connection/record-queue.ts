import { FifoQueue } from '../../../records/fifo-queue.js';
import type { ViewDrops, ViewRecord } from '../../view-records.js';

const NOTHING_DROPPED: ViewDrops = { type: 'drops', requests: 0, lines: 0, spans: 0 };

/** Records that have arrived and are not shown yet. Beyond a limit, the oldest are dropped and counted. */
export class RecordQueue {
  readonly dropped = { requests: 0, lines: 0, spans: 0 };
  private readonly batches = new FifoQueue<readonly ViewRecord[]>();
  /** Records of the first batch that have been taken. */
  private taken = 0;
  private count = 0;

  constructor(private readonly limit: number) {}

  /** The number of records in the queue. */
  get size(): number {
    return this.count;
  }

  push(records: readonly ViewRecord[]): void {
    this.batches.push(records);
    this.count += records.length;
    while (this.count > this.limit && this.batches.length > 1) this.drop(this.shift());
  }

  /** Records from here on are of a new server, whose counts of dropped records begin at zero. */
  beginServer(): void {
    this.push([NOTHING_DROPPED]);
  }

  /** The oldest records, at most so many; none when the queue is empty. */
  take(most: number): readonly ViewRecord[] {
    const { first } = this.batches;
    const end = this.taken + most;
    if (first === undefined || end >= first.length) return this.shift();
    const records = first.slice(this.taken, end);
    this.taken = end;
    this.count -= most;
    return records;
  }

  clear(): void {
    this.batches.clear();
    this.taken = 0;
    this.count = 0;
  }

  /** The rest of the oldest batch. */
  private shift(): readonly ViewRecord[] {
    const batch = this.batches.shift() ?? [];
    const records = this.taken === 0 ? batch : batch.slice(this.taken);
    this.taken = 0;
    this.count -= records.length;
    return records;
  }

  private drop(records: readonly ViewRecord[]): void {
    for (const { type } of records) {
      if (type === 'line') this.dropped.lines++;
      else if (type === 'span') this.dropped.spans++;
      else if (type === 'request') this.dropped.requests++;
    }
  }
}
