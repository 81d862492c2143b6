import { ArrivalList, type Arrival } from '../../records/arrival-list.js';
import type { RequestRecord } from '../../records/request-record.js';
import { shortLivedArray } from '../../records/short-lived-array.js';
import type { HeldLine } from './held-line.js';

/** Of one request. Further lines are dropped, but its access log line is not. */
const MAX_LINES = 500;
const MAX_BYTES = 256 * 1024;
/** Of all requests. */
const MAX_ALL_LINES = 20_000;
/** The share of `limits.bytes` that the lines of all requests may take. */
const MAX_SHARE = 1 / 4;

/** The lines of one request. */
class Held implements Arrival<Held> {
  readonly lines = shortLivedArray<HeldLine>();
  bytes = 0;
  older: Held | undefined = undefined;
  newer: Held | undefined = undefined;

  constructor(readonly request: RequestRecord) {}
}

/**
 * Lines that are recorded only if their request turns out to be notable, within limits: beyond them,
 * the lines of the request that has held them longest are dropped.
 */
export class HeldLines {
  private readonly byRequest = new WeakMap<RequestRecord, Held>();
  private readonly held = new ArrivalList<Held>();
  private count = 0;
  private bytes = 0;
  private readonly maxBytes: number;
  /** The last one that had already ended when its first line came. */
  private ended: RequestRecord | undefined;

  /** @param onDrop called with the number of lines that are dropped. */
  constructor(
    bytes: number,
    private readonly onDrop: (lines: number) => void,
  ) {
    this.maxBytes = bytes * MAX_SHARE;
  }

  add(request: RequestRecord, line: HeldLine): void {
    const held = this.byRequest.get(request) ?? this.open(request);
    const isFull = held.lines.length >= MAX_LINES || held.bytes + line.bytes > MAX_BYTES;
    if (isFull && !line.entry.isAccessLog) return this.onDrop(1);
    held.lines.push(line);
    held.bytes += line.bytes;
    this.count++;
    this.bytes += line.bytes;
    while (this.count > MAX_ALL_LINES || this.bytes > this.maxBytes) {
      this.drop(this.held.oldest!.request);
    }
  }

  /** The lines of a request, which are held no longer. */
  take(request: RequestRecord): HeldLine[] {
    const held = this.byRequest.get(request);
    if (held === undefined) return [];
    this.byRequest.delete(request);
    this.held.remove(held);
    this.count -= held.lines.length;
    this.bytes -= held.bytes;
    return held.lines;
  }

  /** Drops the lines of a request. */
  drop(request: RequestRecord): void {
    const lines = this.take(request);
    const { length } = lines;
    if (length === 0) return;
    lines.length = 0;
    this.onDrop(length);
  }

  private open(request: RequestRecord): Held {
    // What is logged between the end of a request and its event is followed by that event at once.
    // What is logged later would be held for ever.
    if (request.finished) {
      if (this.ended !== undefined) this.drop(this.ended);
      this.ended = request;
    }
    const held = new Held(request);
    this.byRequest.set(request, held);
    this.held.add(held);
    return held;
  }
}
