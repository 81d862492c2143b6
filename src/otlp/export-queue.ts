import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import { warnOnce } from '../records/warnings.js';
import { exportQueues, type ExportCounts } from '../records/export-counts.js';

/** OpenTelemetry's exporters of either signal. */
export interface Exporter<T> {
  export(items: T[], done: (result: ExportResult) => void): void;
  shutdown(): Promise<void>;
  forceFlush?(): Promise<void>;
}

/** The part of OpenTelemetry's batch processors that is the same for both signals. */
export interface BatchProcessor {
  shutdown(): Promise<void>;
}

/**
 * Counts what goes into a batch processor and what comes out of it. The processor's own queue is
 * bounded and drops in silence; this one knows what it holds, and says once when it is full.
 */
export class ExportQueue<T> implements ExportCounts {
  queued = 0;
  exported = 0;
  failed = 0;
  dropped = 0;

  // Whoever adds to the queue is in some request. The export that it sets off is none of it.
  private readonly outside = AsyncLocalStorage.snapshot();
  private processor: BatchProcessor | undefined;
  private add: ((item: T) => void) | undefined;

  constructor(
    readonly signal: 'traces' | 'logs',
    private readonly maxQueueSize: number,
  ) {}

  /** The exporter, counted. */
  counted(exporter: Exporter<T>): Required<Exporter<T>> {
    return {
      export: (items, done) => {
        this.queued -= items.length;
        const settle = (result: ExportResult): void => {
          this.settle(items.length, result);
          done(result);
        };
        try {
          exporter.export(items, settle);
        } catch (error) {
          settle({ code: ExportResultCode.FAILED, error: error as Error });
        }
      },
      shutdown: () => exporter.shutdown(),
      // Batch processors call it at their end: without it, what waits then is lost.
      forceFlush: async () => exporter.forceFlush?.(),
    };
  }

  /** Sets what takes the items. */
  open<P extends BatchProcessor>(processor: P, add: (processor: P, item: T) => void): this {
    this.processor = processor;
    this.add = (item) => add(processor, item);
    exportQueues.add(this);
    return this;
  }

  push(item: T): void {
    if (this.queued >= this.maxQueueSize) {
      this.dropped++;
      warnOnce(
        'TRACING_EXPORT_DROPPED',
        `the collector does not keep up: ${this.signal} are dropped`,
        undefined,
        this.signal,
      );
      return;
    }
    this.queued++;
    this.outside(() => this.add?.(item));
  }

  /** Sends what is left, and waits for it, but not for ever. */
  async close(timeoutMs: number): Promise<void> {
    exportQueues.delete(this);
    const patience = new AbortController();
    const flushed = this.outside(async () => this.processor?.shutdown());
    await Promise.race([
      flushed.catch(() => {}),
      sleep(timeoutMs, undefined, { signal: patience.signal }).catch(() => {}),
    ]);
    patience.abort();
  }

  private settle(count: number, { code, error }: ExportResult): void {
    if (code === ExportResultCode.SUCCESS) {
      this.exported += count;
      return;
    }
    this.failed += count;
    warnOnce(
      'TRACING_EXPORT_FAILED',
      `${this.signal} could not be sent to the collector`,
      error,
      this.signal,
    );
  }
}
