import { AsyncLocalStorage } from 'node:async_hooks';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { warnOnce } from '../records/warnings.js';
import type { ExportQueue } from './export-queue.js';
import type { ExportedLog } from './exported-log.js';
import { bytesOfLog, bytesOfSpan } from './held-bytes.js';

/** The queues that the spans and log records of chosen traces go to. */
export interface ExportQueues {
  readonly traces: ExportQueue<ReadableSpan> | undefined;
  readonly logs: ExportQueue<ExportedLog> | undefined;
}

/** What waits of one trace. */
interface WaitingTrace {
  /** How many of its requests, messages, jobs and runs have not ended. */
  open: number;
  readonly spans: ReadableSpan[];
  readonly logs: ExportedLog[];
  bytes: number;
  /** Monotonic, milliseconds: when it is left out, once nothing of it is running. */
  untilMs: number;
}

/** The most that waits of all traces of an application, by the estimate of the queues. */
export const MAX_WAITING_BYTES = 16 * 1024 * 1024;
export const MAX_WAITING_RECORDS = 20_000;
/** The most that waits of one trace: one that never ends must not push out all others. */
const MAX_TRACE_BYTES = 2 * 1024 * 1024;
export const MAX_TRACE_RECORDS = 2000;
/** How many traces are waited for at most. */
const MAX_TRACES = 10_000;
/** How many chosen traces are remembered, for what comes later. */
const MAX_CHOSEN = 10_000;
/** What a trace takes besides its records. */
const TRACE_BYTES = 256;
/** How long a trace may still be chosen once nothing of it is running: by a message or job of it. */
export const LINGER_MS = 5000;

/**
 * Holds back the spans and log records of each trace until it is known whether the trace is
 * exported: all of it, or nothing. A trace is all that has its id in this application: its requests,
 * and the messages, jobs and runs that continue it.
 */
export class TraceSelection {
  /** Traces of which something is running, the oldest first. */
  private readonly running = new Map<string, WaitingTrace>();
  /** The others, in the order in which they are left out. */
  private readonly lingering = new Map<string, WaitingTrace>();
  /** The ids of chosen traces, the latest use last. */
  private readonly chosen = new Set<string>();
  private bytes = 0;
  private records = 0;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;
  // A request ends a trace, and the timer outlives it.
  private readonly outside = AsyncLocalStorage.snapshot();

  constructor(private readonly queues: ExportQueues) {}

  /** A request, message, job or run of the trace begins. */
  begin(id: string): void {
    if (this.chosen.has(id)) return;
    const trace = this.lingering.get(id) ?? this.running.get(id) ?? this.wait();
    this.lingering.delete(id);
    trace.open++;
    this.running.set(id, trace);
    this.makeRoom();
  }

  /** One of them has ended. */
  end(id: string, isChosen: boolean): void {
    if (isChosen) return this.choose(id);
    const trace = this.running.get(id);
    if (trace === undefined || --trace.open > 0) return;
    this.running.delete(id);
    this.linger(id, trace);
  }

  addSpan(id: string, span: ReadableSpan): void {
    const trace = this.traceFor(id);
    if (trace === undefined) this.queues.traces?.push(span);
    else if (this.hold(trace, bytesOfSpan(span))) trace.spans.push(span);
    else this.queues.traces?.drop(1);
    this.makeRoom();
  }

  addLog(id: string, log: ExportedLog): void {
    const trace = this.traceFor(id);
    if (trace === undefined) this.queues.logs?.push(log);
    else if (this.hold(trace, bytesOfLog(log))) trace.logs.push(log);
    else this.queues.logs?.drop(1);
    this.makeRoom();
  }

  /** Exports what has not ended, leaves out the rest, and passes on all that comes later. */
  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
    for (const trace of this.running.values()) this.send(trace);
    for (const trace of this.lingering.values()) this.leaveOut(trace);
    this.running.clear();
    this.lingering.clear();
  }

  /** What waits of a trace; `undefined` where it does not wait. */
  private traceFor(id: string): WaitingTrace | undefined {
    if (this.isClosed || this.isChosen(id)) return undefined;
    const known = this.running.get(id) ?? this.lingering.get(id);
    if (known !== undefined) return known;
    // A span or an entry that comes when all else has been left out.
    const trace = this.wait();
    this.linger(id, trace);
    return trace;
  }

  private isChosen(id: string): boolean {
    if (!this.chosen.delete(id)) return false;
    this.chosen.add(id);
    return true;
  }

  private choose(id: string): void {
    const trace = this.running.get(id) ?? this.lingering.get(id);
    this.running.delete(id);
    this.lingering.delete(id);
    this.chosen.add(id);
    if (this.chosen.size > MAX_CHOSEN) this.chosen.delete(first(this.chosen)!);
    if (trace !== undefined) this.send(trace);
  }

  private wait(): WaitingTrace {
    this.bytes += TRACE_BYTES;
    return { open: 0, spans: [], logs: [], bytes: TRACE_BYTES, untilMs: 0 };
  }

  private linger(id: string, trace: WaitingTrace): void {
    trace.untilMs = performance.now() + LINGER_MS;
    this.lingering.set(id, trace);
    if (this.timer === undefined && !this.isClosed) this.outside(() => this.leaveOutLater());
  }

  private leaveOutLater(): void {
    this.timer = setTimeout(() => {
      this.timer = undefined;
      const now = performance.now();
      for (const [id, trace] of this.lingering) {
        if (trace.untilMs > now) return this.leaveOutLater();
        this.lingering.delete(id);
        this.leaveOut(trace);
      }
    }, LINGER_MS / 5).unref();
  }

  /** Counts a record in, where there is room in its trace. */
  private hold(trace: WaitingTrace, bytes: number): boolean {
    const isFull =
      trace.spans.length + trace.logs.length >= MAX_TRACE_RECORDS ||
      trace.bytes + bytes > MAX_TRACE_BYTES;
    if (isFull) {
      warnOfLoss();
      return false;
    }
    trace.bytes += bytes;
    this.bytes += bytes;
    this.records++;
    return true;
  }

  /** Those go first that nothing has chosen until now; then those that have been running longest. */
  private makeRoom(): void {
    while (
      this.bytes > MAX_WAITING_BYTES ||
      this.records > MAX_WAITING_RECORDS ||
      this.running.size + this.lingering.size > MAX_TRACES
    ) {
      const ended = first(this.lingering);
      if (ended !== undefined) {
        this.lingering.delete(ended[0]);
        this.leaveOut(ended[1]);
        continue;
      }
      const oldest = first(this.running);
      if (oldest === undefined) return;
      this.running.delete(oldest[0]);
      this.forget(oldest[1]);
      warnOfLoss();
      this.queues.traces?.drop(oldest[1].spans.length);
      this.queues.logs?.drop(oldest[1].logs.length);
    }
  }

  private send(trace: WaitingTrace): void {
    this.forget(trace);
    for (const span of trace.spans) this.queues.traces?.push(span);
    for (const log of trace.logs) this.queues.logs?.push(log);
  }

  private leaveOut(trace: WaitingTrace): void {
    this.forget(trace);
    this.queues.traces?.leaveOut(trace.spans.length);
    this.queues.logs?.leaveOut(trace.logs.length);
  }

  private forget({ bytes, spans, logs }: WaitingTrace): void {
    this.bytes -= bytes;
    this.records -= spans.length + logs.length;
  }
}

function first<T>(values: Iterable<T>): T | undefined {
  const [value] = values;
  return value;
}

function warnOfLoss(): void {
  warnOnce(
    'TRACING_EXPORT_DROPPED',
    'too many spans and log records wait for the end of their trace, because `keep` of OtlpModule.forRoot decides then: some are dropped',
    undefined,
    'keep',
  );
}
