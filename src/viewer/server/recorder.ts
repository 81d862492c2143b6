import { randomBytes } from 'node:crypto';
import type { AccessLogRecord } from '../../records/access-log-record.js';
import type { Application } from '../../records/application.js';
import type { LogRecord } from '../../records/log-record.js';
import type { RequestRecord } from '../../records/request-record.js';
import { subscribeConsumer, type ApplicationSubscription } from '../../records/subscribe.js';
import type { ViewLine, ViewRecord } from '../view-records.js';
import { heldLine, type HeldLine } from './held-line.js';
import { HeldLines } from './held-lines.js';
import { lineRecord, requestFields, type LineSource } from './line-from-record.js';
import { isNotableRequest } from './notable-request.js';
import type { RecordGroup } from './record-list.js';
import type { RecordStore } from './record-store.js';
import { begunRequest, endedRequest } from './request-from-record.js';
import { RequestView, type RecordedRequest } from './request-view.js';
import { WallClock } from './wall-clock.js';
import type { ResolvedViewerOptions } from './viewer-options.js';

/**
 * Records what one application does. A request that comes too fast is recorded when it turns out to
 * have failed, to be aborted or to be slow, with the lines that were held for it; otherwise it is
 * dropped and counted.
 */
export class Recorder {
  /** Distinguishes the keys of this run of the application from those of the next. */
  readonly instance = randomBytes(6).toString('hex');
  private requests = 0;
  private readonly held: HeldLines;
  private readonly clock = new WallClock();
  /**
   * The access log line of a request that is about to end, and seems not to be worth recording: its
   * event, which follows at once, says whether that is so. To hold it costs more than all other lines.
   */
  private ending: { readonly entry: LogRecord; readonly loggedMs: number } | undefined;
  private subscription: ApplicationSubscription | undefined;

  constructor(
    private readonly application: Application,
    private readonly store: RecordStore,
    private readonly limits: ResolvedViewerOptions['limits'],
  ) {
    this.held = new HeldLines(limits.bytes, (lines) => (store.dropped.lines += lines));
  }

  start(): void {
    this.subscription = subscribeConsumer(this.application, {
      onRequestStart: (request) => this.begin(request),
      onRequest: (request, line) => this.end(request, line),
      onLog: (entry) => this.addLine(entry),
    });
  }

  stop(): void {
    this.subscription?.unsubscribe();
  }

  private begin(request: RequestRecord): void {
    if (!this.store.admitsRequest(request.startedMs)) return;
    const source = this.sourceOf(request, false);
    this.keep(begunRequest(source), source.group);
  }

  private end(request: RequestRecord, line: AccessLogRecord): void {
    const { store, held } = this;
    const { ending } = this;
    this.ending = undefined;
    const isNotable = isNotableRequest(line, this.limits.slowerThan) || request.isKept === true;
    if (ending !== undefined) {
      if (isNotable && ending.entry.trace === request)
        this.hold(request, ending.entry, ending.loggedMs);
      else store.dropped.lines++;
    }
    const view = RequestView.find(request, this);
    let source = view?.source;
    if (source === undefined) {
      if (!isNotable || !store.admitsNotableRequest(performance.now())) {
        store.dropped.requests++;
        held.drop(view);
        return;
      }
      source = this.sourceOf(request, true);
    }
    source.group.isNotable ||= isNotable;
    if (isNotable) this.keepHeld(source);
    else held.drop(view);
    this.keep(endedRequest(source, line), source.group);
  }

  private addLine(entry: LogRecord): void {
    const { trace } = entry;
    const { store } = this;
    const now = performance.now();
    if (trace === undefined) {
      if (store.admitsLine(now)) this.keep(lineRecord(this.lineSource(now), entry));
      else store.dropped.lines++;
      return;
    }
    const source = RequestView.find(trace, this)?.source ?? this.slowSource(trace, now);
    if (source === undefined && this.isForgettable(trace, entry)) this.putOff(entry, now);
    else if (source === undefined || !store.admitsLine(now)) this.hold(trace, entry, now);
    else this.keepLine(source, entry, lineRecord(this.lineSource(now, source.key), entry));
  }

  private hold(request: RequestRecord, entry: LogRecord, loggedMs: number): void {
    this.held.add(RequestView.of(request, this), heldLine(entry, loggedMs, this.unknownSource));
  }

  /** Where a held line comes from: the key of its request is given when that is recorded. */
  private readonly unknownSource = (loggedMs: number): LineSource => this.lineSource(loggedMs);

  /** Whether an entry is an access log line that says that all went well. */
  private isForgettable(request: RequestRecord, entry: LogRecord): boolean {
    if (!request.finished || request.isKept === true || !entry.isAccessLog) return false;
    // The application chooses the fields of its lines: others than the record's are possible.
    const { outcome, duration_ms: durationMs } = entry.entry as Partial<AccessLogRecord>;
    return outcome === 'completed' && (durationMs ?? 0) <= this.limits.slowerThan;
  }

  private putOff(entry: LogRecord, loggedMs: number): void {
    if (this.ending !== undefined) this.store.dropped.lines++;
    this.ending = { entry, loggedMs };
  }

  /** Begins to record a request that is slow already: it may never end. */
  private slowSource(request: RequestRecord, now: number): RecordedRequest | undefined {
    if (request.finished || now - request.startedMs <= this.limits.slowerThan) return undefined;
    if (!this.store.admitsNotableRequest(now)) return undefined;
    const source = this.sourceOf(request, true);
    this.keep(begunRequest(source), source.group);
    this.keepHeld(source);
    return source;
  }

  private sourceOf(request: RequestRecord, isNotable: boolean): RecordedRequest {
    const key = `${this.instance}-${++this.requests}`;
    const source = { key, request, clock: this.clock, group: { isNotable } };
    RequestView.of(request, this).source = source;
    return source;
  }

  private lineSource(now: number, key?: string): LineSource {
    return { key, service: this.application.service, time: this.clock.at(now) };
  }

  private keepHeld(source: RecordedRequest): void {
    const { store } = this;
    const now = performance.now();
    for (const line of this.held.take(RequestView.of(source.request, this))) {
      if (store.admitsNotableLine(now)) this.keepHeldLine(source, line);
      else store.dropped.lines++;
    }
  }

  private keepHeldLine(source: RecordedRequest, { entry, loggedMs, record }: HeldLine): void {
    const { key } = source;
    const line = record ?? lineRecord(this.lineSource(loggedMs, key), entry);
    this.keepLine(source, entry, line.key === key ? line : { ...line, key });
  }

  private keepLine(source: RecordedRequest, entry: HeldLine['entry'], line: ViewLine): void {
    source.fields = requestFields(entry, line) ?? source.fields;
    this.keep(line, source.group);
  }

  private keep(record: ViewRecord, group?: RecordGroup): void {
    this.store.add(record.type, JSON.stringify(record), group);
  }
}
