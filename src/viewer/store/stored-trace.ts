import type { ViewLine, ViewRequest, ViewSpan } from '../view-records.js';
import {
  LineSet,
  type StoredLine,
  type StoredRequest,
  type RequestSlot,
} from './stored-records.js';

/** The request of a line is searched through at most so many parents, which may form a circle. */
const MAX_HOPS = 100;
/** Beyond so many requests with the same id, the one of a line is not searched for. */
const MAX_SAME_ID = 100;

/** The request of each span that was looked up. */
type RequestsOfSpans = Map<string, StoredRequest | undefined>;

/**
 * One trace: its requests and spans from all services, and its lines that do not name their request.
 * Those are assigned to one by span id, else by request id, and again when more records arrive.
 */
export class StoredTrace {
  readonly requests = new Set<StoredRequest>();
  readonly spans = new Set<ViewSpan>();
  private readonly requestBySpan = new Map<string, StoredRequest>();
  private readonly spanById = new Map<string, ViewSpan>();
  private readonly requestsById = new Map<string, Set<StoredRequest>>();
  private readonly provisional = new LineSet((line) => line.isProvisional);
  private isUpToDate = true;

  /** Whether it has requests or lines, which its spans describe. */
  get isNeeded(): boolean {
    return this.requests.size > 0 || this.provisional.size > 0;
  }

  /** Lines whose request is not known, in the order in which they were written. */
  get linesWithoutRequest(): readonly StoredLine[] {
    this.assignLines();
    return this.provisional.inOrder.filter(({ slot }) => slot === undefined);
  }

  addRequest(request: StoredRequest): void {
    const { spanId, service, requestId } = request.record;
    this.requests.add(request);
    if (!this.requestBySpan.has(spanId)) this.requestBySpan.set(spanId, request);
    if (requestId !== undefined) {
      const name = nameOf(service, requestId);
      const sameId = this.requestsById.get(name);
      if (sameId === undefined) this.requestsById.set(name, new Set([request]));
      else sameId.add(request);
    }
    this.isUpToDate = false;
  }

  removeRequest(request: StoredRequest): void {
    const { spanId, service, requestId } = request.record;
    this.requests.delete(request);
    if (this.requestBySpan.get(spanId) === request) this.requestBySpan.delete(spanId);
    if (requestId === undefined) return;
    const name = nameOf(service, requestId);
    const sameId = this.requestsById.get(name);
    sameId?.delete(request);
    if (sameId?.size === 0) this.requestsById.delete(name);
  }

  /** Whether a span with its id is stored already: a sender that had no response sends it again. */
  hasSpan({ spanId }: ViewSpan): boolean {
    return spanId !== undefined && this.spanById.has(spanId);
  }

  addSpan(span: ViewSpan): void {
    this.spans.add(span);
    if (span.spanId !== undefined) this.spanById.set(span.spanId, span);
    this.isUpToDate = false;
  }

  removeSpan(span: ViewSpan): void {
    this.spans.delete(span);
    if (span.spanId !== undefined) this.spanById.delete(span.spanId);
  }

  /** Adds a line that does not name its request. */
  addLine(line: StoredLine): void {
    line.isProvisional = true;
    this.provisional.add(line);
    this.isUpToDate = false;
  }

  removeLine(line: StoredLine): void {
    if (!line.isProvisional) return;
    line.isProvisional = false;
    this.provisional.remove();
  }

  /** Call it when a request has ended: lines that were written later are not of that request. */
  invalidate(): void {
    this.isUpToDate = false;
  }

  /** Assigns the lines to requests, as far as these are known by now. */
  assignLines(): void {
    if (this.isUpToDate) return;
    this.isUpToDate = true;
    const moved: StoredLine[] = [];
    const left = new Set<RequestSlot>();
    const around: RequestsOfSpans = new Map();
    for (const line of this.provisional.inOrder) {
      const slot = this.slotOf(line, around);
      if (slot === line.slot) continue;
      if (line.slot !== undefined) left.add(line.slot);
      line.slot = slot;
      moved.push(line);
    }
    for (const slot of left) slot.lines.clean();
    for (const line of moved) line.slot?.lines.add(line);
    this.provisional.clean();
  }

  private slotOf(line: StoredLine, around: RequestsOfSpans): RequestSlot | undefined {
    const { record, slot } = line;
    // After its request was dropped, a line must not be given to another one with the same id.
    const isOrphaned = slot !== undefined && slot.request === undefined;
    const request = isOrphaned ? undefined : this.requestAround(record.spanId, around);
    // Spans do not change: its request is final.
    if (isOrphaned || request !== undefined) line.isProvisional = false;
    return isOrphaned ? slot : (request ?? this.requestWithId(record))?.slot;
  }

  /** The request of a span, or of its parents in the same service. */
  private requestAround(id: string | undefined, known: RequestsOfSpans): StoredRequest | undefined {
    if (id === undefined) return undefined;
    if (!known.has(id)) known.set(id, this.findAround(id));
    return known.get(id);
  }

  private findAround(spanId: string): StoredRequest | undefined {
    let id: string | undefined = spanId;
    let service: string | undefined;
    for (let hops = 0; id !== undefined && hops < MAX_HOPS; hops++) {
      const request = this.requestBySpan.get(id);
      const around: ViewRequest | ViewSpan | undefined = request?.record ?? this.spanById.get(id);
      if (around === undefined || around.service !== (service ?? around.service)) return undefined;
      if (request !== undefined) return request;
      ({ service, parentSpanId: id } = around);
    }
    return undefined;
  }

  /** The request with the line's request id; of several, the only one that ran at the time. */
  private requestWithId({ service, requestId, time }: ViewLine): StoredRequest | undefined {
    if (requestId === undefined) return undefined;
    const sameId = this.requestsById.get(nameOf(service, requestId));
    if (sameId === undefined || sameId.size > MAX_SAME_ID) return undefined;
    if (sameId.size === 1) return sameId.values().next().value;
    let found: StoredRequest | undefined;
    for (const request of sameId) {
      if (!isRunningAt(request, time)) continue;
      if (found !== undefined) return undefined;
      found = request;
    }
    return found;
  }
}

function nameOf(service: string, requestId: string): string {
  return `${service}\n${requestId}`;
}

function isRunningAt(
  { record: { startedAt, duration_ms: durationMs = Infinity } }: StoredRequest,
  time: number,
) {
  // A line may know its time only in whole milliseconds.
  return Math.floor(startedAt) <= time && time <= startedAt + durationMs;
}
