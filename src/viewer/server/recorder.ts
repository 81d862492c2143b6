import { randomBytes } from 'node:crypto';
import type { AccessLogRecord } from '../../records/access-log-record.js';
import type { Application } from '../../records/application.js';
import type { LogRecord } from '../../records/log-record.js';
import type { RequestRecord } from '../../records/request-record.js';
import { subscribeConsumer, type ApplicationSubscription } from '../../records/subscribe.js';
import type { ViewRecord } from '../view-records.js';
import { lineRecord, requestFields } from './line-from-record.js';
import type { RecordStore } from './record-store.js';
import { begunRequest, endedRequest, type RequestSource } from './request-from-record.js';
import { WallClock } from './wall-clock.js';

/** Records what one application does. */
export class Recorder {
  /** Distinguishes the keys of this run of the application from those of the next. */
  readonly instance = randomBytes(6).toString('hex');
  private requests = 0;
  private readonly recorded = new WeakMap<RequestRecord, RequestSource>();
  private readonly clock = new WallClock();
  private subscription: ApplicationSubscription | undefined;

  constructor(
    private readonly application: Application,
    private readonly store: RecordStore,
  ) {}

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
    const key = `${this.instance}-${++this.requests}`;
    const source: RequestSource = { key, request, clock: this.clock };
    this.recorded.set(request, source);
    this.keep(begunRequest(source));
  }

  private end(request: RequestRecord, line: AccessLogRecord): void {
    const source = this.recorded.get(request);
    if (source !== undefined) this.keep(endedRequest(source, line));
  }

  private addLine(entry: LogRecord): void {
    const { trace } = entry;
    const source = trace === undefined ? undefined : this.recorded.get(trace);
    if (trace !== undefined && source === undefined) {
      this.store.dropped.lines++;
      return;
    }
    const now = performance.now();
    if (!this.store.admitsLine(now)) return;
    const { service } = this.application;
    const line = lineRecord({ key: source?.key, service, time: this.clock.at(now) }, entry);
    if (source !== undefined) source.fields = requestFields(entry, line) ?? source.fields;
    this.keep(line);
  }

  private keep(record: ViewRecord): void {
    this.store.add(record.type, JSON.stringify(record));
  }
}
