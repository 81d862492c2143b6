import { FifoQueue } from '../../records/fifo-queue.js';
import type { ViewRecord } from '../view-records.js';
import { TokenBucket } from './token-bucket.js';
import type { ResolvedViewerOptions } from './viewer-options.js';

/** What several records have in common. */
export interface RecordGroup {
  /** Whether its request has failed, was aborted or is slow. */
  isNotable: boolean;
  /** Where the record comes from, if that is another process. */
  readonly origin?: RecordOrigin;
}

/** Another process that a record comes from, and its number there. */
export interface RecordOrigin {
  /** The random name of the process's run. */
  readonly instance: string;
  readonly seq: number;
}

/** A record as it is sent to the page. */
export interface StoredRecord {
  /** One more than that of the record before it. */
  readonly seq: number;
  readonly type: ViewRecord['type'];
  readonly json: string;
  readonly group?: RecordGroup | undefined;
}

/** Memory that a record takes besides its text. */
const OVERHEAD_BYTES = 128;
/** V8 needs two bytes for each character of a text that has any outside Latin-1. */
const BYTES_PER_CHARACTER = 2;
/** The largest share of the memory that one record may take. */
const MAX_SHARE = 1 / 16;

/**
 * The latest records, as text, so that no object of the application is kept alive by them. Records
 * beyond the limits of rate, number or memory are dropped and counted.
 */
export class RecordStore {
  readonly dropped = { requests: 0, lines: 0, spans: 0 };
  private readonly records = new FifoQueue<StoredRecord>();
  private seq = 0;
  private bytes = 0;
  private readonly counts = { request: 0, line: 0, span: 0, drops: 0 };
  private readonly requestRate: TokenBucket;
  private readonly lineRate: TokenBucket;

  constructor(private readonly limits: ResolvedViewerOptions['limits']) {
    this.requestRate = new TokenBucket(limits.requestsPerSecond);
    this.lineRate = new TokenBucket(limits.linesPerSecond);
  }

  /** Whether one more request may be recorded now. If not, it is counted as dropped. */
  admitsRequest(nowMs: number): boolean {
    if (this.requestRate.take(nowMs)) return true;
    this.dropped.requests++;
    return false;
  }

  /** Whether one more line may be recorded now. If not, it is counted as dropped. */
  admitsLine(nowMs: number): boolean {
    if (this.lineRate.take(nowMs)) return true;
    this.dropped.lines++;
    return false;
  }

  add(type: StoredRecord['type'], json: string, group?: RecordGroup): void {
    const bytes = sizeOf(json);
    if (bytes > this.limits.bytes * MAX_SHARE) {
      this.drop(type);
      return;
    }
    this.records.push({ seq: ++this.seq, type, json, group });
    this.counts[type]++;
    this.bytes += bytes;
    while (this.isFull()) this.removeOldest();
  }

  /** At most `count` records that follow the one with this number, oldest first. */
  after(seq: number, count: number): readonly StoredRecord[] {
    const oldest = this.seq - this.records.length + 1;
    const from = Math.max(0, seq + 1 - oldest);
    return this.records.slice(from, from + count);
  }

  private isFull(): boolean {
    const { requests, lines, bytes } = this.limits;
    const { request, line, span } = this.counts;
    // A request has two records: when it begins and when it has ended.
    return request > requests * 2 || line + span > lines || this.bytes > bytes;
  }

  private removeOldest(): void {
    const { type, json } = this.records.shift()!;
    this.counts[type]--;
    this.bytes -= sizeOf(json);
  }

  private drop(type: StoredRecord['type']): void {
    if (type === 'request') this.dropped.requests++;
    if (type === 'line') this.dropped.lines++;
    if (type === 'span') this.dropped.spans++;
  }
}

function sizeOf(json: string): number {
  return json.length * BYTES_PER_CHARACTER + OVERHEAD_BYTES;
}
