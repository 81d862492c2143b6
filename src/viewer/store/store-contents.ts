import type { ViewLine, ViewRecord, ViewRequest } from '../view-records.js';
import type { DropCounts } from './drop-counts.js';
import { StoredLine, StoredRequest, RequestSlot, StoredSession } from './stored-records.js';
import { StoredSpans } from './stored-spans.js';
import { StoredTraces } from './stored-traces.js';
import type { StoreLimits } from './store-limits.js';
import { RefCountedMap } from './ref-counted-map.js';
import { mergeByTime } from './time-order.js';
import { OldestItems, takeOut } from './oldest.js';
import { isFailure } from '../request-outcome.js';
import { userOf } from './user-name.js';
import { isOutside } from './outside-line.js';

const COLORS = 12;

/** The records in the store with all their indexes: a record that is dropped leaves every index. */
export class StoreContents {
  readonly requests: StoredRequest[] = [];
  readonly lines: StoredLine[] = [];
  /** The lines without those that {@link isOutside}. */
  readonly linesInside: StoredLine[] = [];
  readonly bySpanId = new Map<string, StoredRequest>();
  readonly traces = new StoredTraces();
  readonly sessions = new RefCountedMap((id) => this.newSession(id));
  readonly services = new RefCountedMap((name) => name);
  private readonly spans: StoredSpans;
  private readonly slots = new Map<string, RequestSlot>();
  private sessionsSeen = 0;
  private readonly oldestRequests: OldestItems<StoredRequest>;
  private readonly oldestLines: OldestItems<StoredLine>;

  constructor(
    limits: StoreLimits,
    private readonly drops: DropCounts,
    /** The number of the latest request or line. */
    public serial: number,
  ) {
    this.spans = new StoredSpans(this.traces, limits);
    this.oldestRequests = new OldestItems<StoredRequest>(limits.requests, isSpared);
    this.oldestLines = new OldestItems(limits.lines, (line) => isSpared(this.requestOf(line)));
  }

  add(records: readonly ViewRecord[]): void {
    const requests: StoredRequest[] = [];
    const lines: StoredLine[] = [];
    for (const record of records) {
      if (record.type === 'line') lines.push(this.newLine(record));
      else if (record.type === 'request') this.addRequest(record, requests);
      else if (record.type === 'span') this.drops.total.spans += this.spans.add(record);
      else this.drops.update(record);
    }
    mergeByTime(this.requests, requests);
    mergeByTime(this.lines, lines);
    mergeByTime(
      this.linesInside,
      lines.filter(({ record }) => !isOutside(record)),
    );
    this.trim();
  }

  /** Drops the oldest, but spares half of what failed or was aborted, with its lines. */
  private trim(): void {
    const requests = this.oldestRequests.takeFrom(this.requests);
    const lines = this.oldestLines.takeFrom(this.lines);
    for (const dropped of [requests.spared, requests.others]) {
      for (const request of dropped) this.removeRequest(request);
      this.drops.total.requests += dropped.length;
    }
    for (const dropped of [lines.spared, lines.others]) {
      takeOut(
        this.linesInside,
        dropped.filter(({ record }) => !isOutside(record)),
      );
      for (const line of dropped) this.removeLine(line);
      this.drops.total.lines += dropped.length;
    }
  }

  /** The request of a line, as far as it is known by now. */
  requestOf(line: StoredLine): StoredRequest | undefined {
    if (line.isProvisional) this.traces.get(traceIdOf(line.record))?.assignLines();
    return line.slot?.request;
  }

  private addRequest(record: ViewRequest, added: StoredRequest[]): void {
    const slot = this.slot(record.key);
    if (slot.request === undefined) added.push(this.newRequest(record, slot));
    else this.updateRequest(slot.request, record);
  }

  private newRequest(record: ViewRequest, slot: RequestSlot): StoredRequest {
    const request = new StoredRequest(++this.serial, record, slot);
    slot.request = request;
    this.bySpanId.set(record.spanId, request);
    this.traces.open(record.w3cTraceId).addRequest(request);
    this.services.acquire(record.service);
    request.session = this.joinSession(record);
    this.drops.total.spans += this.spans.addRequest(request);
    return request;
  }

  private updateRequest(request: StoredRequest, record: ViewRequest): void {
    if (!isUpdate(request.record, record)) return;
    const { session } = request;
    this.drops.total.spans += this.spans.replace(request, record);
    request.searchText = undefined;
    // Joined before the old one is left: it is nearly always the same, and must keep its colour.
    request.session = this.joinSession(record);
    this.leaveSession(session);
    this.traces.get(record.w3cTraceId)?.invalidate();
  }

  private removeRequest(request: StoredRequest): void {
    const { spanId, w3cTraceId, service } = request.record;
    request.slot.request = undefined;
    this.closeSlot(request.slot);
    if (this.bySpanId.get(spanId) === request) this.bySpanId.delete(spanId);
    this.spans.removeRequest(request);
    this.traces.get(w3cTraceId)?.removeRequest(request);
    this.spans.closeTrace(w3cTraceId);
    this.services.release(service);
    this.leaveSession(request.session);
  }

  private newLine(record: ViewLine): StoredLine {
    const { key, service, sessionId } = record;
    const session = sessionId === undefined ? undefined : this.sessions.acquire(sessionId);
    const line = new StoredLine(++this.serial, record, session);
    this.services.acquire(service);
    if (key !== undefined) {
      line.slot = this.slot(key);
      line.slot.lines.add(line);
      return line;
    }
    const traceId = traceIdOf(record);
    if (traceId !== undefined) this.traces.open(traceId).addLine(line);
    return line;
  }

  private removeLine(line: StoredLine): void {
    const { record, session, slot } = line;
    const traceId = record.key === undefined ? traceIdOf(record) : undefined;
    if (traceId !== undefined) {
      this.traces.get(traceId)?.removeLine(line);
      this.spans.closeTrace(traceId);
    }
    if (slot !== undefined) {
      line.slot = undefined;
      slot.lines.remove();
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

  private newSession(id: string): StoredSession {
    return new StoredSession(id, this.sessionsSeen++ % COLORS);
  }

  private joinSession({ sessionId, startedAt, fields }: ViewRequest): StoredSession | undefined {
    if (sessionId === undefined) return undefined;
    const session = this.sessions.acquire(sessionId);
    session.requests++;
    session.name(userOf(fields), startedAt);
    return session;
  }

  private leaveSession(session: StoredSession | undefined): void {
    if (session === undefined) return;
    session.requests--;
    this.sessions.release(session.id);
  }
}

/** Whether it failed or was aborted. */
function isSpared(request: StoredRequest | undefined): boolean {
  return (
    request !== undefined && (isFailure(request.record) || request.record.outcome === 'aborted')
  );
}

/** The id of the trace in which the request of a line without a key is searched for. */
export function traceIdOf({ w3cTraceId, traceId }: ViewLine): string | undefined {
  return w3cTraceId ?? traceId;
}

/** Whether `after` is a newer record of the same request. */
function isUpdate(before: ViewRequest, after: ViewRequest): boolean {
  return (
    after.spanId === before.spanId &&
    after.w3cTraceId === before.w3cTraceId &&
    after.service === before.service &&
    after.requestId === before.requestId &&
    (after.outcome !== undefined || before.outcome === undefined)
  );
}
