import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExportResult } from '@opentelemetry/core';
import { FifoQueue } from '../records/fifo-queue.js';
import { warnOnce } from '../records/warnings.js';
import { exportQueues, type ExportCounts } from '../records/export-counts.js';
import { LossHistory } from './loss-history.js';
import { api, core } from './open-telemetry.js';

/** An exporter of OpenTelemetry, for spans or for log records. */
export interface Exporter<T> {
  export(items: T[], done: (result: ExportResult) => void): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** A batch processor of OpenTelemetry, as far as spans and log records have it in common. */
export interface BatchProcessor<T> {
  add(item: T): void;
  shutdown(): Promise<void>;
}

/** Of what an {@link ExportQueue} is made. */
export interface ExportQueueParts<T> {
  readonly signal: 'traces' | 'logs';
  /** The most items that wait or are being sent. */
  readonly maxQueueSize: number;
  readonly maxExportBatchSize: number;
  /** About how many bytes an item holds. */
  readonly bytesOf: (item: T) => number;
  /** Makes the exporter; the signal is aborted when the queue is closed. */
  readonly openExporter: (closed: AbortSignal) => Exporter<T>;
  /** Makes the batch processor, which hands its batches to the given exporter. */
  readonly openProcessor: (exporter: Exporter<T>) => BatchProcessor<T>;
}

/** The most bytes that wait or are being sent, by the estimate of `bytesOf`. */
export const MAX_QUEUE_BYTES = 16 * 1024 * 1024;

/** How many batches are sent at the same time. The exporters of OpenTelemetry have the same limit. */
export const MAX_CONCURRENT_EXPORTS = 30;

/**
 * The queue in front of a collector. A batch processor of OpenTelemetry decides when a batch is
 * sent; this class is the exporter behind it, and knows of each item whether it waits, is being
 * sent or has arrived. So the queue is bounded in number and in bytes, what is being sent included,
 * and a shutdown sends everything: the processors do not wait for all exports, and send one batch
 * after the other.
 */
export class ExportQueue<T> implements Exporter<T>, ExportCounts {
  readonly signal: 'traces' | 'logs';
  queued = 0;
  exported = 0;
  failed = 0;
  dropped = 0;
  leftOut = 0;
  /** When items failed or were dropped. */
  readonly losses = new LossHistory();

  // An item is added inside a request, but the export that follows must not be traced as part of it.
  private readonly outside = AsyncLocalStorage.snapshot();
  private readonly parts: ExportQueueParts<T>;
  private readonly exporter: Exporter<T>;
  private readonly processor: BatchProcessor<T>;
  /** What the processor has and has not handed over, with the bytes that each item holds. */
  private readonly waiting = new Map<T, number>();
  private readonly batches = new Set<Promise<ExportResult>>();
  /** Batches that wait until another one is done. */
  private readonly turns = new FifoQueue<() => void>();
  private concurrent = 0;
  private bytes = 0;
  private isClosing = false;
  private readonly closed = new AbortController();

  constructor(parts: ExportQueueParts<T>) {
    this.parts = parts;
    this.signal = parts.signal;
    this.exporter = parts.openExporter(this.closed.signal);
    this.processor = parts.openProcessor(this);
  }

  /** Makes the counts of this queue visible to metrics, until it is closed. */
  open(): void {
    exportQueues.add(this);
  }

  push(item: T): void {
    if (this.closed.signal.aborted) {
      this.failed++;
      return;
    }
    const bytes = this.parts.bytesOf(item);
    if (this.queued >= this.parts.maxQueueSize || this.bytes + bytes > MAX_QUEUE_BYTES) {
      this.drop(1);
      warnOnce(
        'TRACING_EXPORT_DROPPED',
        `the collector does not keep up: ${this.signal} are dropped`,
        undefined,
        this.signal,
      );
      return;
    }
    this.queued++;
    this.bytes += bytes;
    this.waiting.set(item, bytes);
    // A processor that is shut down ignores it; then the queue sends it itself.
    if (!this.isClosing) this.outside(() => this.processor.add(item));
  }

  /** Counts items that are dropped, here or before they get here. */
  drop(count: number): void {
    this.dropped += count;
    this.losses.add(0, count);
  }

  /** Counts items that are not to be exported. */
  leaveOut(count: number): void {
    this.leftOut += count;
  }

  /** Called by the processor, with the next batch. */
  export(items: T[], done: (result: ExportResult) => void): void {
    // At a shutdown, the queue has sent what the processor still had.
    const unsent = items.filter((item) => this.waiting.has(item));
    if (unsent.length === 0) return done({ code: core.ExportResultCode.SUCCESS });
    void this.send(unsent).then(done);
  }

  /** Waits for everything that the processor has handed over. */
  async forceFlush(): Promise<void> {
    await Promise.all(this.batches);
  }

  /** Called by the processor, once it has nothing more. */
  async shutdown(): Promise<void> {
    await this.forceFlush();
    await this.exporter.shutdown();
  }

  /**
   * Sends everything that waits, and waits for it as long as is given. Then nothing of the queue
   * keeps the process alive.
   *
   * @returns how many items were not delivered, of those that were there or came meanwhile.
   */
  async close(timeoutMs: number): Promise<number> {
    const failedBefore = this.failed;
    const timeout = new AbortController();
    this.isClosing = true;
    await Promise.race([
      this.outside(() => this.drain()),
      // It rejects only when the race is over.
      sleep(timeoutMs, undefined, { signal: timeout.signal }).catch(() => undefined),
    ]);
    timeout.abort();
    this.failed += this.queued;
    this.queued = 0;
    this.bytes = 0;
    this.waiting.clear();
    this.closed.abort();
    exportQueues.delete(this);
    return this.failed - failedBefore;
  }

  private async drain(): Promise<void> {
    this.sendWaiting();
    // It rejects where an export has failed, which is counted for each batch.
    const end = Promise.allSettled([this.processor.shutdown()]);
    while (this.batches.size > 0) {
      await this.forceFlush();
      // What other modules log while they shut down.
      this.sendWaiting();
    }
    await end;
  }

  private sendWaiting(): void {
    const items = [...this.waiting.keys()];
    const size = this.parts.maxExportBatchSize;
    for (let i = 0; i < items.length; i += size) void this.send(items.slice(i, i + size));
  }

  /** Sends a batch. It never rejects. */
  private send(items: T[]): Promise<ExportResult> {
    let bytes = 0;
    for (const item of items) {
      bytes += this.waiting.get(item) ?? 0;
      this.waiting.delete(item);
    }
    const sent = this.sendInTurn(items).then((result) => {
      this.batches.delete(sent);
      this.settle(items.length, bytes, result);
      return result;
    });
    this.batches.add(sent);
    return sent;
  }

  private async sendInTurn(items: T[]): Promise<ExportResult> {
    if (this.concurrent < MAX_CONCURRENT_EXPORTS) this.concurrent++;
    else await new Promise<void>((resolve) => this.turns.push(resolve));
    const result = await this.sendNow(items);
    const next = this.turns.shift();
    if (next === undefined) this.concurrent--;
    else next();
    return result;
  }

  private sendNow(items: T[]): Promise<ExportResult> {
    return new Promise((resolve) => {
      const fail = (error: Error): void => resolve({ code: core.ExportResultCode.FAILED, error });
      if (this.closed.signal.aborted) return fail(new Error('the application has closed'));
      try {
        // An OpenTelemetry SDK must not trace it either.
        api.context.with(core.suppressTracing(api.context.active()), () =>
          this.exporter.export(items, resolve),
        );
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  private settle(count: number, bytes: number, { code, error }: ExportResult): void {
    // Counted as not delivered already.
    if (this.closed.signal.aborted) return;
    this.queued -= count;
    this.bytes -= bytes;
    if (code === core.ExportResultCode.SUCCESS) {
      this.exported += count;
      return;
    }
    this.failed += count;
    this.losses.add(count, 0);
    warnOnce(
      'TRACING_EXPORT_FAILED',
      `${this.signal} could not be sent to the collector`,
      error,
      this.signal,
    );
  }
}
