import type { ViewLine, ViewRecord, ViewRequest } from '../../view-records.js';
import type { DropCounts } from './drop-counts.js';
import { HeldLine, HeldRequest, RequestSlot, type HeldSession } from './held.js';
import { HeldSpans } from './held-spans.js';
import { HeldTraces } from './held-traces.js';
import type { PageLimits } from './page-limits.js';
import { Roster } from './roster.js';
import { mergeByTime } from './time-order.js';

const COLORS = 12;

/** What the page holds, and lets go of: everything that is known of it goes with it. */
export class Holdings {
  readonly requests: HeldRequest[] = [];
  readonly lines: HeldLine[] = [];
  readonly bySpanId = new Map<string, HeldRequest>();
  readonly traces = new HeldTraces();
  readonly sessions = new Roster((id) => this.newSession(id));
  readonly services = new Roster((name) => name);
  private readonly spans: HeldSpans;
  private readonly slots = new Map<string, RequestSlot>();
  private sessionsSeen = 0;

  constructor(
    private readonly limits: PageLimits,
    private readonly drops: DropCounts,
    /** Grows by one with each request and line. */
    public serial: number,
  ) {
    this.spans = new HeldSpans(this.traces, limits);
  }

  add(records: readonly ViewRecord[]): void {
    const requests: HeldRequest[] = [];
    const lines: HeldLine[] = [];
    for (const record of records) {
      if (record.type === 'line') lines.push(this.newLine(record));
      else if (record.type === 'request') this.addRequest(record, requests);
      else if (record.type === 'span') this.drops.total.spans += this.spans.add(record);
      else this.drops.tell(record);
    }
    mergeByTime(this.requests, requests);
    mergeByTime(this.lines, lines);
    this.trim();
  }

  private trim(): void {
    const requests = this.requests.splice(0, this.requests.length - this.limits.requests);
    const lines = this.lines.splice(0, this.lines.length - this.limits.lines);
    for (const request of requests) this.removeRequest(request);
    for (const line of lines) this.removeLine(line);
    this.drops.total.requests += requests.length;
    this.drops.total.lines += lines.length;
  }

  private addRequest(record: ViewRequest, added: HeldRequest[]): void {
    const slot = this.slot(record.key);
    if (slot.request === undefined) added.push(this.newRequest(record, slot));
    else this.updateRequest(slot.request, record);
  }

  private newRequest(record: ViewRequest, slot: RequestSlot): HeldRequest {
    const request = new HeldRequest(++this.serial, record, slot);
    slot.request = request;
    this.bySpanId.set(record.spanId, request);
    this.traces.open(record.w3cTraceId).addRequest(request);
    this.services.hold(record.service);
    request.session = this.joinSession(record);
    this.drops.total.spans += this.spans.addOf(request);
    return request;
  }

  private updateRequest(request: HeldRequest, record: ViewRequest): void {
    if (!isUpdate(request.record, record)) return;
    const { session } = request;
    this.drops.total.spans += this.spans.replace(request, record);
    request.searchText = undefined;
    // Joined before the old one is left: it is the same nearly always, and must keep its colour.
    request.session = this.joinSession(record);
    this.leaveSession(session);
    this.traces.get(record.w3cTraceId)?.unsettle();
  }

  private removeRequest(request: HeldRequest): void {
    const { spanId, w3cTraceId, service } = request.record;
    request.slot.request = undefined;
    this.closeSlot(request.slot);
    if (this.bySpanId.get(spanId) === request) this.bySpanId.delete(spanId);
    this.spans.removeOf(request);
    this.traces.get(w3cTraceId)?.removeRequest(request);
    this.spans.closeTrace(w3cTraceId);
    this.services.release(service);
    this.leaveSession(request.session);
  }

  private newLine(record: ViewLine): HeldLine {
    const { key, service, sessionId } = record;
    const session = sessionId === undefined ? undefined : this.sessions.hold(sessionId);
    const line = new HeldLine(++this.serial, record, session);
    this.services.hold(service);
    if (key !== undefined) {
      line.slot = this.slot(key);
      line.slot.lines.add(line);
      return line;
    }
    const traceId = traceIdOf(record);
    if (traceId !== undefined) this.traces.open(traceId).addLine(line);
    return line;
  }

  private removeLine(line: HeldLine): void {
    const { record, session, slot } = line;
    const traceId = record.key === undefined ? traceIdOf(record) : undefined;
    if (traceId !== undefined) {
      this.traces.get(traceId)?.removeLine(line);
      this.spans.closeTrace(traceId);
    }
    if (slot !== undefined) {
      line.slot = undefined;
      slot.lines.lose();
      this.closeSlot(slot);
    }
    this.services.release(record.service);
    if (session !== undefined) this.sessions.release(session.id);
  }

  private slot(key: string): RequestSlot {
    let slot = this.slots.get(key);
    if (slot === undefined) this.slots.set(key, (slot = new RequestSlot(key)));
    return slot;
  }

  private closeSlot(slot: RequestSlot): void {
    if (slot.isEmpty) this.slots.delete(slot.key);
  }

  private newSession(id: string): HeldSession {
    return { id, color: this.sessionsSeen++ % COLORS, requests: 0 };
  }

  private joinSession({ sessionId }: ViewRequest): HeldSession | undefined {
    if (sessionId === undefined) return undefined;
    const session = this.sessions.hold(sessionId);
    session.requests++;
    return session;
  }

  private leaveSession(session: HeldSession | undefined): void {
    if (session === undefined) return;
    session.requests--;
    this.sessions.release(session.id);
  }
}

/** The trace in which a line that has no key looks for its request. */
export function traceIdOf({ w3cTraceId, traceId }: ViewLine): string | undefined {
  return w3cTraceId ?? traceId;
}

/** Whether it is the same request, and known better than before. */
function isUpdate(before: ViewRequest, after: ViewRequest): boolean {
  return (
    after.spanId === before.spanId &&
    after.w3cTraceId === before.w3cTraceId &&
    after.service === before.service &&
    after.requestId === before.requestId &&
    (after.outcome !== undefined || before.outcome === undefined)
  );
}
