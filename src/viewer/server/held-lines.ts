import { ArrivalList } from '../../records/arrival-list.js';
import { shortLivedArray } from '../../records/short-lived-array.js';
import type { HeldLine } from './held-line.js';
import type { RequestView } from './request-view.js';

/** Of one request. Further lines are dropped, but its access log line is not. */
const MAX_LINES = 500;
const MAX_BYTES = 256 * 1024;
/** Of all requests. */
const MAX_ALL_LINES = 20_000;
/** The share of `limits.bytes` that the lines of all requests may take. */
const MAX_SHARE = 1 / 4;

/**
 * Lines that are recorded only if their request turns out to be notable, within limits: beyond them,
 * the lines of the request that has held them longest are dropped.
 */
export class HeldLines {
  /** The requests that hold lines. */
  private readonly views = new ArrivalList<RequestView>();
  private count = 0;
  private bytes = 0;
  private readonly maxBytes: number;
  /** The last one that had already ended when its first line came. */
  private ended: RequestView | undefined;

  /** @param onDrop called with the number of lines that are dropped. */
  constructor(
    bytes: number,
    private readonly onDrop: (lines: number) => void,
  ) {
    this.maxBytes = bytes * MAX_SHARE;
  }

  add(view: RequestView, line: HeldLine): void {
    const { lines } = view;
    const isFull = lines.length >= MAX_LINES || view.bytes + line.bytes > MAX_BYTES;
    if (isFull && !line.entry.isAccessLog) return this.onDrop(1);
    if (lines.length === 0) this.open(view);
    lines.push(line);
    view.bytes += line.bytes;
    this.count++;
    this.bytes += line.bytes;
    while (this.count > MAX_ALL_LINES || this.bytes > this.maxBytes) this.drop(this.views.oldest!);
  }

  /** The lines of a request, which are held no longer. */
  take(view: RequestView): readonly HeldLine[] {
    const { lines } = view;
    if (lines.length === 0) return lines;
    this.close(view);
    view.lines = shortLivedArray();
    return lines;
  }

  /** Drops the lines of a request. */
  drop(view: RequestView | undefined): void {
    if (view === undefined || view.lines.length === 0) return;
    const { length } = view.lines;
    this.close(view);
    view.lines.length = 0;
    this.onDrop(length);
  }

  private open(view: RequestView): void {
    // What is logged between the end of a request and its event is followed by that event at once.
    // What is logged later would be held for ever.
    if (view.request.finished) {
      this.drop(this.ended);
      this.ended = view;
    }
    this.views.add(view);
  }

  private close(view: RequestView): void {
    this.views.remove(view);
    this.count -= view.lines.length;
    this.bytes -= view.bytes;
    view.bytes = 0;
  }
}
