import { newSpanId } from './ids.js';
import type { SpanAttributes, SpanRecord } from './span-record.js';
import { TraceScope, type Trace } from './trace.js';

/** More spans than this are run but not kept: a loop must not fill the memory. */
export const MAX_SPANS = 1000;

/** One named operation inside a trace. */
export class Span implements SpanRecord {
  readonly spanId = newSpanId();
  readonly startedMs = performance.now();
  durationMs: number | undefined = undefined;
  failed = false;
  error: unknown = undefined;

  private currentScope: TraceScope | undefined = undefined;

  constructor(
    readonly trace: Trace,
    readonly name: string,
    readonly parentSpanId: string,
    readonly attributes: SpanAttributes | undefined,
  ) {}

  /** The trace's own scope with this span's id. */
  get scope(): TraceScope {
    const { fields } = this.trace.scope;
    if (this.currentScope?.fields !== fields || this.currentScope === undefined) {
      this.currentScope = new TraceScope(this.trace, this.spanId, fields);
    }
    return this.currentScope;
  }

  end(): void {
    this.durationMs = performance.now() - this.startedMs;
  }

  fail(error: unknown): void {
    this.failed = true;
    this.error = error;
    this.end();
  }
}
