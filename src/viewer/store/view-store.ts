import type { ViewRecord } from '../view-records.js';
import { DropCounts, type Drops } from './drop-counts.js';
import type { StoredLine, StoredRequest } from './stored-records.js';
import { StoreContents } from './store-contents.js';
import { DEFAULT_LIMITS } from './store-limits.js';
import { lineText, requestText } from '../search/search-text.js';
import type { Session, ViewedLine, ViewedRequest, ViewedTrace } from './viewed-records.js';
import { byTime } from './time-order.js';

export { MAX_LINES, MAX_REQUESTS } from './store-limits.js';
export type { Session, ViewedLine, ViewedRequest, ViewedTrace } from './viewed-records.js';

/**
 * Everything that the page shows, within limits: beyond them, the oldest records are dropped and
 * counted. Its lists change with each {@link ViewStore.add}, and so does `version`.
 */
export class ViewStore {
  /** One more after each change. */
  version = 0;
  private readonly drops = new DropCounts();
  private contents: StoreContents;

  constructor(private readonly limits = DEFAULT_LIMITS) {
    this.contents = new StoreContents(limits, this.drops, 0);
  }

  /** In the order in which they began. */
  get requests(): readonly ViewedRequest[] {
    return this.contents.requests;
  }

  /** In the order in which they were written; at equal times in the order in which they arrived. */
  get lines(): readonly ViewedLine[] {
    return this.contents.lines;
  }

  /** The lines without those that are of no request or trace and no warning either. */
  get linesInside(): readonly ViewedLine[] {
    return this.contents.linesInside;
  }

  /** In the order in which they were first seen. */
  get sessions(): readonly Session[] {
    return this.contents.sessions.all;
  }

  /** In the order in which they were first seen. */
  get services(): readonly string[] {
    return this.contents.services.all;
  }

  /** Records that the server dropped, and that were dropped here, since the page was last cleared. */
  get dropped(): Readonly<Drops> {
    return this.drops.total;
  }

  add(records: readonly ViewRecord[]): void {
    this.contents.add(records);
    this.version++;
  }

  clear(): void {
    this.drops.reset();
    this.contents = new StoreContents(this.limits, this.drops, this.contents.serial);
    this.version++;
  }

  /** The request of a line; `undefined` where that is not known, or the request was dropped. */
  requestOf(line: ViewedLine): ViewedRequest | undefined {
    return this.contents.requestOf(line as StoredLine);
  }

  /** In the order in which they were written. */
  linesOf(request: ViewedRequest): readonly ViewedLine[] {
    return this.storedLinesOf(request as StoredRequest);
  }

  /** The latest request with this span id. */
  requestBySpanId(spanId: string): ViewedRequest | undefined {
    return this.contents.bySpanId.get(spanId);
  }

  traceOf(request: ViewedRequest): ViewedTrace {
    const trace = this.contents.traces.get(request.record.w3cTraceId);
    // A request that was dropped while it is open still has its own lines.
    const requests = [...new Set(trace?.requests).add(request as StoredRequest)];
    const lines = requests.flatMap((one) => this.storedLinesOf(one));
    return {
      requests,
      spans: [...(trace?.spans ?? [])],
      lines: lines.concat(trace?.linesWithoutRequest ?? []).toSorted(byTime),
    };
  }

  /** Everything that a request can be found by, in lower case. */
  requestText(request: ViewedRequest): string {
    return ((request as StoredRequest).searchText ??= requestText(request.record));
  }

  /** Everything that a line can be found by, in lower case. */
  lineText(line: ViewedLine): string {
    return ((line as StoredLine).searchText ??= lineText(line.record));
  }

  private storedLinesOf({ record, slot }: StoredRequest): readonly StoredLine[] {
    this.contents.traces.get(record.w3cTraceId)?.assignLines();
    return slot.lines.inOrder;
  }
}
