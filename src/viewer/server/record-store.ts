import type { ViewRecord } from '../view-records.js';
import { TokenBucket } from './token-bucket.js';
import type { ResolvedViewerOptions } from './viewer-options.js';

/** A record as it is sent. */
export interface StoredRecord {
  /** Grows by one with each. */
  readonly seq: number;
  readonly type: ViewRecord['type'];
  readonly json: string;
}

/** What a record takes besides its text. */
const OVERHEAD_BYTES = 128;
/** V8 takes two for each where one of them is beyond Latin-1. */
const BYTES_PER_CHARACTER = 2;
/** One record takes no more than this share of the memory. */
const MAX_SHARE = 1 / 16;

/**
 * The latest records, as text: nothing of the application's stays in memory for them. What comes
 * too fast, or is too much, is dropped and counted.
 */
export class RecordStore {
  readonly dropped = { requests: 0, lines: 0, spans: 0 };
  private records: StoredRecord[] = [];
  /** Where the oldest stands: to remove at the head of an array costs as much as it is long. */
  private head = 0;
  private seq = 0;
  private bytes = 0;
  private readonly counts = { request: 0, line: 0, span: 0, drops: 0 };
  private readonly requestRate: TokenBucket;
  private readonly lineRate: TokenBucket;

  constructor(private readonly limits: ResolvedViewerOptions['limits']) {
    this.requestRate = new TokenBucket(limits.requestsPerSecond);
    this.lineRate = new TokenBucket(limits.linesPerSecond);
  }

  /** Whether one more request is taken note of. One that is not counts as dropped. */
  admitsRequest(nowMs: number): boolean {
    if (this.requestRate.take(nowMs)) return true;
    this.dropped.requests++;
    return false;
  }

  /** Whether one more line is taken note of. One that is not counts as dropped. */
  admitsLine(nowMs: number): boolean {
    if (this.lineRate.take(nowMs)) return true;
    this.dropped.lines++;
    return false;
  }

  add(type: StoredRecord['type'], json: string): void {
    const bytes = sizeOf(json);
    if (bytes > this.limits.bytes * MAX_SHARE) {
      this.drop(type);
      return;
    }
    this.records.push({ seq: ++this.seq, type, json });
    this.counts[type]++;
    this.bytes += bytes;
    while (this.isFull()) this.removeOldest();
  }

  /** At most so many records behind that one, oldest first. */
  after(seq: number, count: number): readonly StoredRecord[] {
    const oldest = this.seq - (this.records.length - this.head) + 1;
    const from = this.head + Math.max(0, seq + 1 - oldest);
    return this.records.slice(from, from + count);
  }

  private isFull(): boolean {
    const { requests, lines, bytes } = this.limits;
    const { request, line, span } = this.counts;
    // A request is told twice, when it begins and when it has ended.
    return request > requests * 2 || line + span > lines || this.bytes > bytes;
  }

  private removeOldest(): void {
    const { type, json } = this.records[this.head++]!;
    this.counts[type]--;
    this.bytes -= sizeOf(json);
    if (this.head * 2 < this.records.length) return;
    this.records = this.records.slice(this.head);
    this.head = 0;
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
