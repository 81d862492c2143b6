import { randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { LogRecord, RequestFinishEvent, RequestStartEvent } from '../../records/channels.js';
import type { ViewRecord } from '../view-records.js';
import type { TracePolicy } from '../../trace/trace-policy.js';
import type { Trace } from '../../trace/trace.js';
import { lineRecord } from './view-line.js';
import type { RecordStore } from './record-store.js';
import { begunRequest, endedRequest, type RequestSource } from './view-request.js';
import { WallClock } from './wall-clock.js';

const START = 'nestjs-tracing:request:start';
const FINISH = 'nestjs-tracing:request:finish';
const LOG = 'nestjs-tracing:log';

/** Takes note of what one application does. */
export class Recorder {
  /** Tells the keys of this run of the application from those of the next. */
  readonly instance = randomBytes(6).toString('hex');
  private requests = 0;
  private readonly watched = new WeakMap<object, RequestSource>();
  private readonly clock = new WallClock();

  constructor(
    private readonly service: string,
    private readonly policy: TracePolicy,
    private readonly store: RecordStore,
  ) {}

  start(): void {
    subscribe(START, this.onStart);
    subscribe(FINISH, this.onFinish);
    subscribe(LOG, this.onLog);
  }

  stop(): void {
    unsubscribe(START, this.onStart);
    unsubscribe(FINISH, this.onFinish);
    unsubscribe(LOG, this.onLog);
  }

  private readonly onStart = (message: unknown): void => {
    const trace = (message as RequestStartEvent).trace as Trace;
    // The channels are those of the process, in which there may be other applications.
    if (trace.policy !== this.policy || !this.store.admitsRequest(trace.startedMs)) return;
    const key = `${this.instance}-${++this.requests}`;
    const source: RequestSource = { key, service: this.service, trace, clock: this.clock };
    this.watched.set(trace, source);
    this.keep(begunRequest(source));
  };

  private readonly onFinish = (message: unknown): void => {
    const { trace, record } = message as RequestFinishEvent;
    const source = this.watched.get(trace);
    if (source !== undefined) this.keep(endedRequest(source, record));
  };

  private readonly onLog = (message: unknown): void => {
    const event = message as LogRecord;
    const trace = event.trace as Trace | undefined;
    if (trace !== undefined && trace.policy !== this.policy) return;
    const key = trace === undefined ? undefined : this.watched.get(trace)?.key;
    if (trace !== undefined && key === undefined) {
      this.store.dropped.lines++;
      return;
    }
    const now = performance.now();
    if (!this.store.admitsLine(now)) return;
    this.keep(lineRecord({ key, service: this.service, time: this.clock.at(now) }, event));
  };

  private keep(record: ViewRecord): void {
    this.store.add(record.type, JSON.stringify(record));
  }
}
