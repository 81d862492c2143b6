import type { ViewRequest, ViewSpan } from '../../view-records.js';
import { HeldRequest } from './held.js';
import type { HeldTraces } from './held-traces.js';
import type { PageLimits } from './page-limits.js';
import { Queue } from './queue.js';

/** The spans of the page, within a limit: those that came first go first. */
export class HeldSpans {
  private count = 0;
  /** Spans that came by themselves, and requests that came with spans. */
  private readonly arrived = new Queue<ViewSpan | HeldRequest>();
  /** How many of those have gone already. */
  private stale = 0;

  constructor(
    private readonly traces: HeldTraces,
    private readonly limits: PageLimits,
  ) {}

  /** Returns how many spans were let go of for it, itself perhaps. */
  add(span: ViewSpan): number {
    const trace = this.traces.open(span.w3cTraceId);
    if (trace.hasSpan(span)) return 0;
    if (trace.spans.size >= this.limits.spansPerTrace) return 1;
    trace.addSpan(span);
    this.arrived.push(span);
    this.count++;
    return this.trim();
  }

  /** Takes note of the spans that a request came with. Returns how many were let go of for them. */
  addOf(request: HeldRequest): number {
    const count = countOf(request);
    if (count > 0 && !request.isQueued) {
      request.isQueued = true;
      this.arrived.push(request);
    }
    this.count += count;
    return this.trim();
  }

  /** Gives a request another record. Returns how many spans were let go of for those that it has. */
  replace(request: HeldRequest, record: ViewRequest): number {
    this.count -= countOf(request);
    request.record = record;
    return this.addOf(request);
  }

  /** Takes note that a request was let go of. */
  removeOf(request: HeldRequest): void {
    this.lose(countOf(request), request.isQueued ? 1 : 0);
  }

  /** Lets go of a trace and its spans, once nothing else is left of it. */
  closeTrace(id: string): void {
    const trace = this.traces.get(id);
    if (trace === undefined || trace.isNeeded) return;
    const { size } = trace.spans;
    this.traces.close(id);
    this.lose(size, size);
  }

  private lose(count: number, arrivals: number): void {
    this.count -= count;
    this.stale += arrivals;
    if (this.stale * 2 <= this.arrived.length) return;
    this.arrived.keep((arrival) => this.isHeld(arrival));
    this.stale = 0;
  }

  private trim(): number {
    const before = this.count;
    while (this.count > this.limits.spans) {
      const oldest = this.arrived.shift()!;
      if (!this.isHeld(oldest)) this.stale--;
      else if (oldest instanceof HeldRequest) this.strip(oldest);
      else this.remove(oldest);
    }
    return before - this.count;
  }

  private isHeld(arrival: ViewSpan | HeldRequest): boolean {
    if (arrival instanceof HeldRequest) return arrival.slot.request === arrival;
    return this.traces.get(arrival.w3cTraceId)?.spans.has(arrival) === true;
  }

  private remove(span: ViewSpan): void {
    const { w3cTraceId } = span;
    const trace = this.traces.get(w3cTraceId)!;
    trace.removeSpan(span);
    if (trace.spans.size === 0 && !trace.isNeeded) this.traces.close(w3cTraceId);
    this.count--;
  }

  private strip(request: HeldRequest): void {
    const { record } = request;
    const count = countOf(request);
    const droppedSpans = (record.droppedSpans ?? 0) + count;
    request.record = { ...record, spans: undefined, droppedSpans };
    request.isQueued = false;
    this.count -= count;
  }
}

function countOf({ record: { spans } }: HeldRequest): number {
  return spans?.length ?? 0;
}
