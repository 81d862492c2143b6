import {
  recordBytes,
  RecordList,
  type RecordGroup,
  type StoredRecord,
  type RecordOrigin,
} from './record-list.js';
import type { ViewRecord } from '../view-records.js';
import { isNotableRequest } from './notable-request.js';
import { TokenBucket } from './token-bucket.js';
import type { ResolvedViewerOptions } from './viewer-options.js';

/** The largest share of the memory that one record may take. */
const MAX_SHARE = 1 / 16;
/** The share of each limit that notable records may take from newer ones that are not. */
const NOTABLE_SHARE = 1 / 2;
/** A storm of failures is limited too. */
const NOTABLE_REQUESTS_PER_SECOND = 2000;
const NOTABLE_LINES_PER_SECOND = 10_000;

/**
 * The latest records, as text, so that no object of the application is kept alive by them. Records
 * beyond the limits of rate, number or memory are dropped and counted. Notable requests, which failed,
 * were aborted or were slow, have a rate of their own, and stay longer than others.
 */
export class RecordStore {
  readonly dropped = { requests: 0, lines: 0, spans: 0 };
  /** Called with each record that is added. */
  onAdd: ((record: StoredRecord) => void) | undefined;
  private readonly latest = new RecordList();
  /** Notable records that the limits would have dropped. They are older than all of `latest`. */
  private readonly notable = new RecordList();
  private seq = 0;
  private readonly requestRate: TokenBucket;
  private readonly lineRate: TokenBucket;
  private readonly notableRequestRate = new TokenBucket(NOTABLE_REQUESTS_PER_SECOND);
  private readonly notableLineRate = new TokenBucket(NOTABLE_LINES_PER_SECOND);

  constructor(private readonly limits: ResolvedViewerOptions['limits']) {
    this.requestRate = new TokenBucket(limits.requestsPerSecond);
    this.lineRate = new TokenBucket(limits.linesPerSecond);
  }

  /** The number of the latest record. */
  get lastSeq(): number {
    return this.seq;
  }

  /** How many records there are. */
  get size(): number {
    return this.notable.length + this.latest.length;
  }

  /** Whether one more request may be recorded now, by the rate of all requests. */
  admitsRequest(nowMs: number): boolean {
    return this.requestRate.take(nowMs);
  }

  /** The same for a request that failed, was aborted or was slow. */
  admitsNotableRequest(nowMs: number): boolean {
    return this.notableRequestRate.take(nowMs);
  }

  /** Whether one more line may be recorded now, by the rate of all lines. */
  admitsLine(nowMs: number): boolean {
    return this.lineRate.take(nowMs);
  }

  /** The same for a line of a notable request. */
  admitsNotableLine(nowMs: number): boolean {
    return this.notableLineRate.take(nowMs);
  }

  /** Adds what another process has sent. */
  receive(record: ViewRecord, nowMs: number): void {
    const { type } = record;
    const isNotable = type === 'request' && isNotableRequest(record, this.limits.slowerThan);
    const isAdmitted =
      (type !== 'request' || this.admitsRequest(nowMs)) &&
      (type !== 'line' || this.admitsLine(nowMs));
    if (!isAdmitted && !(isNotable && this.admitsNotableRequest(nowMs))) this.drop(type);
    else this.add(type, JSON.stringify(record), isNotable ? { isNotable } : undefined);
  }

  /**
   * @param group that of the request that the record belongs to.
   * @param origin where it comes from, if that is another process.
   */
  add(type: StoredRecord['type'], json: string, group?: RecordGroup, origin?: RecordOrigin): void {
    if (recordBytes(json) > this.limits.bytes * MAX_SHARE) {
      this.drop(type);
      return;
    }
    const record: StoredRecord = { seq: ++this.seq, type, json, group, origin };
    this.latest.push(record);
    this.onAdd?.(record);
    while (this.isFull()) this.removeOldest();
  }

  /** At most `count` records that follow the one with this number, oldest first. */
  after(seq: number, count: number): readonly StoredRecord[] {
    const notable = this.notable.after(seq, count);
    if (notable.length === count) return notable;
    const latest = this.latest.after(seq, count - notable.length);
    return notable.length === 0 ? latest : notable.concat(latest);
  }

  private isFull(): boolean {
    const { limits, latest, notable } = this;
    return (
      // A request has two records: when it begins and when it has ended.
      latest.requests + notable.requests > limits.requests * 2 ||
      latest.lines + notable.lines > limits.lines ||
      latest.bytes + notable.bytes > limits.bytes
    );
  }

  private hasTooManyNotable(): boolean {
    const { limits, notable } = this;
    return (
      notable.requests > limits.requests * 2 * NOTABLE_SHARE ||
      notable.lines > limits.lines * NOTABLE_SHARE ||
      notable.bytes > limits.bytes * NOTABLE_SHARE
    );
  }

  /** Removes the oldest record that is not notable, and notable ones beyond their share. */
  private removeOldest(): void {
    const { latest, notable } = this;
    const oldest = latest.shift();
    if (oldest === undefined) notable.shift();
    else if (oldest.group?.isNotable === true) notable.push(oldest);
    while (this.hasTooManyNotable()) notable.shift();
  }

  private drop(type: StoredRecord['type']): void {
    if (type === 'request') this.dropped.requests++;
    if (type === 'line') this.dropped.lines++;
    if (type === 'span') this.dropped.spans++;
  }
}
