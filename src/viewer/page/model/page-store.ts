import type { ViewRecord } from '../../view-records.js';
import { DropCounts, type Drops } from './drop-counts.js';
import type { HeldLine, HeldRequest } from './held.js';
import { Holdings, traceIdOf } from './holdings.js';
import { DEFAULT_LIMITS } from './page-limits.js';
import { lineText, requestText } from './search-text.js';
import type { Session, ShownLine, ShownRequest, ShownTrace } from './shown.js';
import { byTime } from './time-order.js';

export { MAX_LINES, MAX_REQUESTS } from './page-limits.js';
export type { Session, ShownLine, ShownRequest, ShownTrace } from './shown.js';

/**
 * Everything that the page shows, within limits: of what is too much the oldest goes, and is
 * counted. Its lists change with each {@link PageStore.add}; `version` tells that they have.
 */
export class PageStore {
  /** Grows with each change. */
  version = 0;
  private readonly drops = new DropCounts();
  private held: Holdings;

  constructor(private readonly limits = DEFAULT_LIMITS) {
    this.held = new Holdings(limits, this.drops, 0);
  }

  /** In the order in which they began. */
  get requests(): readonly ShownRequest[] {
    return this.held.requests;
  }

  /** In the order in which they were written; at equal times in that in which they came. */
  get lines(): readonly ShownLine[] {
    return this.held.lines;
  }

  /** In the order in which they were first seen. */
  get sessions(): readonly Session[] {
    return this.held.sessions.all;
  }

  /** In the order in which they were first seen. */
  get services(): readonly string[] {
    return this.held.services.all;
  }

  /** What the server left out, and what was let go of here, since the page was last cleared. */
  get dropped(): Readonly<Drops> {
    return this.drops.total;
  }

  add(records: readonly ViewRecord[]): void {
    this.held.add(records);
    this.version++;
  }

  clear(): void {
    this.drops.reset();
    this.held = new Holdings(this.limits, this.drops, this.held.serial);
    this.version++;
  }

  /** Whose a line is; `undefined` where that is not known, or the request was let go of. */
  requestOf(line: ShownLine): ShownRequest | undefined {
    const held = line as HeldLine;
    if (held.isWaiting) this.held.traces.get(traceIdOf(held.record))?.settle();
    return held.slot?.request;
  }

  /** In the order in which they were written. */
  linesOf(request: ShownRequest): readonly ShownLine[] {
    return this.heldLinesOf(request as HeldRequest);
  }

  /** The latest that has this span. */
  requestBySpanId(spanId: string): ShownRequest | undefined {
    return this.held.bySpanId.get(spanId);
  }

  traceOf(request: ShownRequest): ShownTrace {
    const trace = this.held.traces.get(request.record.w3cTraceId);
    // One that was let go of while it is looked at still has its own.
    const requests = [...new Set(trace?.requests).add(request as HeldRequest)];
    const lines = requests.flatMap((one) => this.heldLinesOf(one));
    return {
      requests,
      spans: [...(trace?.spans ?? [])],
      lines: lines.concat(trace?.strayLines ?? []).toSorted(byTime),
    };
  }

  /** Everything that a request can be found by, in lower case. */
  requestText(request: ShownRequest): string {
    return ((request as HeldRequest).searchText ??= requestText(request.record));
  }

  /** Everything that a line can be found by, in lower case. */
  lineText(line: ShownLine): string {
    return ((line as HeldLine).searchText ??= lineText(line.record));
  }

  private heldLinesOf({ record, slot }: HeldRequest): readonly HeldLine[] {
    this.held.traces.get(record.w3cTraceId)?.settle();
    return slot.lines.inOrder;
  }
}
