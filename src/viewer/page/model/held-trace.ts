import type { ViewLine, ViewRequest, ViewSpan } from '../../view-records.js';
import { LineBag, type HeldLine, type HeldRequest, type RequestSlot } from './held.js';

/** A line that deep inside its request, or in a circle of spans, is nobody's. */
const MAX_HOPS = 100;
/** Of more requests with the same id nobody can tell which one a line is of. */
const MAX_NAMESAKES = 100;

/** What was found out about the spans that lines are in. */
type SpanOwners = Map<string, HeldRequest | undefined>;

/**
 * One trace: its requests and spans of all services, and the lines that do not say whose they are.
 * Those find their request by span, else by request id, and what comes late is waited for.
 */
export class HeldTrace {
  readonly requests = new Set<HeldRequest>();
  readonly spans = new Set<ViewSpan>();
  private readonly requestBySpan = new Map<string, HeldRequest>();
  private readonly spanById = new Map<string, ViewSpan>();
  private readonly namesakes = new Map<string, Set<HeldRequest>>();
  private readonly waiting = new LineBag((line) => line.isWaiting);
  private isSettled = true;

  /** Whether there is anything that its spans tell something about. */
  get isNeeded(): boolean {
    return this.requests.size > 0 || this.waiting.size > 0;
  }

  /** Those of nobody, in the order in which they were written. */
  get strayLines(): readonly HeldLine[] {
    this.settle();
    return this.waiting.inOrder.filter(({ slot }) => slot === undefined);
  }

  addRequest(request: HeldRequest): void {
    const { spanId, service, requestId } = request.record;
    this.requests.add(request);
    if (!this.requestBySpan.has(spanId)) this.requestBySpan.set(spanId, request);
    if (requestId !== undefined) {
      const name = nameOf(service, requestId);
      const namesakes = this.namesakes.get(name);
      if (namesakes === undefined) this.namesakes.set(name, new Set([request]));
      else namesakes.add(request);
    }
    this.isSettled = false;
  }

  removeRequest(request: HeldRequest): void {
    const { spanId, service, requestId } = request.record;
    this.requests.delete(request);
    if (this.requestBySpan.get(spanId) === request) this.requestBySpan.delete(spanId);
    if (requestId === undefined) return;
    const name = nameOf(service, requestId);
    const namesakes = this.namesakes.get(name);
    namesakes?.delete(request);
    if (namesakes?.size === 0) this.namesakes.delete(name);
  }

  /** Whether there is one with its id: a sender that had no answer sends it again. */
  hasSpan({ spanId }: ViewSpan): boolean {
    return spanId !== undefined && this.spanById.has(spanId);
  }

  addSpan(span: ViewSpan): void {
    this.spans.add(span);
    if (span.spanId !== undefined) this.spanById.set(span.spanId, span);
    this.isSettled = false;
  }

  removeSpan(span: ViewSpan): void {
    this.spans.delete(span);
    if (span.spanId !== undefined) this.spanById.delete(span.spanId);
  }

  /** Takes in a line that does not say whose it is. */
  addLine(line: HeldLine): void {
    line.isWaiting = true;
    this.waiting.add(line);
    this.isSettled = false;
  }

  removeLine(line: HeldLine): void {
    if (!line.isWaiting) return;
    line.isWaiting = false;
    this.waiting.lose();
  }

  /** A request has ended: what was written later is not its own. */
  unsettle(): void {
    this.isSettled = false;
  }

  /** Finds out whose the lines are, as far as that is known by now. */
  settle(): void {
    if (this.isSettled) return;
    this.isSettled = true;
    const moved: HeldLine[] = [];
    const left = new Set<RequestSlot>();
    const around: SpanOwners = new Map();
    for (const line of this.waiting.inOrder) {
      const slot = this.slotOf(line, around);
      if (slot === line.slot) continue;
      if (line.slot !== undefined) left.add(line.slot);
      line.slot = slot;
      moved.push(line);
    }
    for (const slot of left) slot.lines.clean();
    for (const line of moved) line.slot?.lines.add(line);
    this.waiting.clean();
  }

  private slotOf(line: HeldLine, around: SpanOwners): RequestSlot | undefined {
    const { record, slot } = line;
    // Once its request was let go of, a line must not pass for one of a namesake.
    const isOrphan = slot !== undefined && slot.request === undefined;
    const request = isOrphan ? undefined : this.requestAround(record.spanId, around);
    // Spans do not change: there is nothing more to wait for.
    if (isOrphan || request !== undefined) line.isWaiting = false;
    return isOrphan ? slot : (request ?? this.namesakeAt(record))?.slot;
  }

  /** The request of a span, or of the spans around that in the same service. */
  private requestAround(id: string | undefined, known: SpanOwners): HeldRequest | undefined {
    if (id === undefined) return undefined;
    if (!known.has(id)) known.set(id, this.findAround(id));
    return known.get(id);
  }

  private findAround(spanId: string): HeldRequest | undefined {
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

  /** The one with the line's request id; of several, the only one that ran at the time. */
  private namesakeAt({ service, requestId, time }: ViewLine): HeldRequest | undefined {
    if (requestId === undefined) return undefined;
    const namesakes = this.namesakes.get(nameOf(service, requestId));
    if (namesakes === undefined || namesakes.size > MAX_NAMESAKES) return undefined;
    if (namesakes.size === 1) return namesakes.values().next().value;
    let found: HeldRequest | undefined;
    for (const request of namesakes) {
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

function isRunningAt({ record: { startedAt, durationMs = Infinity } }: HeldRequest, time: number) {
  // A line may know its time only in whole milliseconds.
  return Math.floor(startedAt) <= time && time <= startedAt + durationMs;
}
