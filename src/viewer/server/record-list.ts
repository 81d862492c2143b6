import { FifoQueue } from '../../records/fifo-queue.js';
import type { ViewRecord } from '../view-records.js';

/** What the records of one request have in common. */
export interface RecordGroup {
  /**
   * Whether the request has failed, was aborted or is slow, so that they are kept longer than others.
   * It may become so after they are stored.
   */
  isNotable: boolean;
}

/** The process that a record comes from, another one or an earlier one, and its number there. */
export interface RecordOrigin {
  /** The random name of the process's run. */
  readonly instance: string;
  readonly seq: number;
}

/** A record as it is sent to the page. */
export interface StoredRecord {
  /** Larger than that of each record before it. */
  readonly seq: number;
  readonly type: ViewRecord['type'];
  readonly json: string;
  readonly group?: RecordGroup | undefined;
  /** Missing for a record of this process. */
  readonly origin?: RecordOrigin | undefined;
}

/** Memory that a record takes besides its text. */
const OVERHEAD_BYTES = 128;
/** V8 needs two bytes for each character of a text that has any outside Latin-1. */
const BYTES_PER_CHARACTER = 2;

/** The memory that a record of this text takes. */
export function recordBytes(json: string): number {
  return json.length * BYTES_PER_CHARACTER + OVERHEAD_BYTES;
}

/** Records in the order of their numbers, and how much they take. */
export class RecordList {
  bytes = 0;
  private readonly records = new FifoQueue<StoredRecord>();
  private readonly counts = { request: 0, line: 0, span: 0, drops: 0 };

  get length(): number {
    return this.records.length;
  }

  get requests(): number {
    return this.counts.request;
  }

  /** Lines and spans. */
  get lines(): number {
    return this.counts.line + this.counts.span;
  }

  push(record: StoredRecord): void {
    this.records.push(record);
    this.counts[record.type]++;
    this.bytes += recordBytes(record.json);
  }

  /** Removes the oldest record. */
  shift(): StoredRecord | undefined {
    const record = this.records.shift();
    if (record === undefined) return undefined;
    this.counts[record.type]--;
    this.bytes -= recordBytes(record.json);
    return record;
  }

  /** At most `count` records that follow the one with this number. */
  after(seq: number, count: number): StoredRecord[] {
    const { records } = this;
    let [from, to] = [0, records.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (records.at(middle)!.seq > seq) to = middle;
      else from = middle + 1;
    }
    return records.slice(from, from + count);
  }
}
