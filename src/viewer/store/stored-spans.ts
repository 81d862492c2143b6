import { FifoQueue } from '../../records/fifo-queue.js';
import type { ViewRequest, ViewSpan } from '../view-records.js';
import { StoredRequest } from './stored-records.js';
import type { StoredTraces } from './stored-traces.js';
import type { StoreLimits } from './store-limits.js';

/** The spans in the store. Beyond the limit, those that arrived first are dropped. */
export class StoredSpans {
  private count = 0;
  /** Spans that arrived alone, and requests that arrived with spans. */
  private readonly arrived = new FifoQueue<ViewSpan | StoredRequest>();
  /** How many of those have been removed from the store already. */
  private stale = 0;

  constructor(
    private readonly traces: StoredTraces,
    private readonly limits: StoreLimits,
  ) {}

  /** Adds a span. Returns how many spans were dropped for it; it may be one of them. */
  add(span: ViewSpan): number {
    const trace = this.traces.open(span.w3cTraceId);
    if (trace.hasSpan(span)) return 0;
    if (trace.spans.size >= this.limits.spansPerTrace) return 1;
    trace.addSpan(span);
    this.arrived.push(span);
    this.count++;
    return this.trim();
  }

  /** Counts the spans that a request arrived with. Returns how many spans were dropped for them. */
  addRequest(request: StoredRequest): number {
    const count = countOf(request);
    if (count > 0 && !request.isQueued) {
      request.isQueued = true;
      this.arrived.push(request);
    }
    this.count += count;
    return this.trim();
  }

  /** Replaces the record of a request. Returns how many spans were dropped for those of the new one. */
  replace(request: StoredRequest, record: ViewRequest): number {
    this.count -= countOf(request);
    request.record = record;
    return this.addRequest(request);
  }

  /** Counts the spans of a request as removed. */
  removeRequest(request: StoredRequest): void {
    this.uncount(countOf(request), request.isQueued ? 1 : 0);
  }

  /** Removes a trace and its spans when it has no request and no line any more. */
  closeTrace(id: string): void {
    const trace = this.traces.get(id);
    if (trace === undefined || trace.isNeeded) return;
    const { size } = trace.spans;
    this.traces.close(id);
    this.uncount(size, size);
  }

  private uncount(count: number, arrivals: number): void {
    this.count -= count;
    this.stale += arrivals;
    if (this.stale * 2 <= this.arrived.length) return;
    this.arrived.keep((arrival) => this.isStored(arrival));
    this.stale = 0;
  }

  private trim(): number {
    const before = this.count;
    while (this.count > this.limits.spans) {
      const oldest = this.arrived.shift()!;
      if (!this.isStored(oldest)) this.stale--;
      else if (oldest instanceof StoredRequest) this.strip(oldest);
      else this.remove(oldest);
    }
    return before - this.count;
  }

  private isStored(arrival: ViewSpan | StoredRequest): boolean {
    if (arrival instanceof StoredRequest) return arrival.slot.request === arrival;
    return this.traces.get(arrival.w3cTraceId)?.spans.has(arrival) === true;
  }

  private remove(span: ViewSpan): void {
    const { w3cTraceId } = span;
    const trace = this.traces.get(w3cTraceId)!;
    trace.removeSpan(span);
    if (trace.spans.size === 0 && !trace.isNeeded) this.traces.close(w3cTraceId);
    this.count--;
  }

  private strip(request: StoredRequest): void {
    const { record } = request;
    const count = countOf(request);
    const droppedSpans = (record.droppedSpans ?? 0) + count;
    request.record = { ...record, spans: undefined, droppedSpans };
    request.isQueued = false;
    this.count -= count;
  }
}

function countOf({ record: { spans } }: StoredRequest): number {
  return spans?.length ?? 0;
}
