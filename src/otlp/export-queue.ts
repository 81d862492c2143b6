import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExportResult } from '@opentelemetry/core';
import { warnOnce } from '../records/warnings.js';
import { exportQueues, type ExportCounts } from '../records/export-counts.js';
import { core } from './open-telemetry.js';

/** An exporter of OpenTelemetry, for spans or for log records. */
export interface Exporter<T> {
  export(items: T[], done: (result: ExportResult) => void): void;
  shutdown(): Promise<void>;
  forceFlush?(): Promise<void>;
}

/** The part that OpenTelemetry's batch processors for spans and for log records have in common. */
export interface BatchProcessor {
  shutdown(): Promise<void>;
}

/**
 * Counts what enters a batch processor and what leaves it. The processor's own queue is bounded
 * and drops items silently; this one knows its size and warns once when it is full.
 */
export class ExportQueue<T> implements ExportCounts {
  queued = 0;
  exported = 0;
  failed = 0;
  dropped = 0;

  // An item is added inside a request, but the export that follows must not be traced as part of it.
  private readonly outside = AsyncLocalStorage.snapshot();
  private processor: BatchProcessor | undefined;
  private add: ((item: T) => void) | undefined;

  constructor(
    readonly signal: 'traces' | 'logs',
    private readonly maxQueueSize: number,
  ) {}

  /** Wraps an exporter so that its results are counted. */
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
          settle({ code: core.ExportResultCode.FAILED, error: error as Error });
        }
      },
      shutdown: () => exporter.shutdown(),
      // Batch processors call it on shutdown; without it, pending items would be lost.
      forceFlush: async () => exporter.forceFlush?.(),
    };
  }

  /** Sets the batch processor that receives the items. */
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

  /** Sends the remaining items, and waits at most this long for them. */
  async close(timeoutMs: number): Promise<void> {
    exportQueues.delete(this);
    const timeout = new AbortController();
    const flushed = this.outside(async () => this.processor?.shutdown());
    await Promise.race([
      flushed.catch(() => {}),
      sleep(timeoutMs, undefined, { signal: timeout.signal }).catch(() => {}),
    ]);
    timeout.abort();
  }

  private settle(count: number, { code, error }: ExportResult): void {
    if (code === core.ExportResultCode.SUCCESS) {
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
