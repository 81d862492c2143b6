import type { RequestRecord } from '../../records/request-record.js';
import type { HeldLine } from './held-line.js';

/** Of one request. Further lines are dropped, but its access log line is not. */
const MAX_LINES = 500;
const MAX_BYTES = 256 * 1024;
/** Of all requests. */
const MAX_ALL_LINES = 20_000;
/** The share of `limits.bytes` that the lines of all requests may take. */
const MAX_SHARE = 1 / 4;

interface Held {
  readonly lines: HeldLine[];
  bytes: number;
}

/**
 * Lines that are recorded only if their request turns out to be notable, within limits: beyond them,
 * the lines of the request that has held them longest are dropped.
 */
export class HeldLines {
  private readonly byRequest = new Map<RequestRecord, Held>();
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
      const [oldest] = this.byRequest.keys();
      this.drop(oldest!);
    }
  }

  /** The lines of a request, which are held no longer. */
  take(request: RequestRecord): readonly HeldLine[] {
    const held = this.byRequest.get(request);
    if (held === undefined) return [];
    this.byRequest.delete(request);
    this.count -= held.lines.length;
    this.bytes -= held.bytes;
    return held.lines;
  }

  /** Drops the lines of a request. */
  drop(request: RequestRecord): void {
    const { length } = this.take(request);
    if (length > 0) this.onDrop(length);
  }

  private open(request: RequestRecord): Held {
    // What is logged between the end of a request and its event is followed by that event at once.
    // What is logged later would be held for ever.
    if (request.finished) {
      if (this.ended !== undefined) this.drop(this.ended);
      this.ended = request;
    }
    const held: Held = { lines: [], bytes: 0 };
    this.byRequest.set(request, held);
    return held;
  }
}
