import { newSpanId } from './ids.js';
import type { SpanAttributes, SpanKind, SpanRecord, SpanStart } from './span-record.js';
import { TraceScope, type Trace } from './trace.js';

/** More spans than this are run but not kept: a loop must not fill the memory. */
export const MAX_SPANS = 1000;

/** One named operation inside a trace. */
export class Span implements SpanRecord {
  readonly name: string;
  readonly kind: SpanKind;
  readonly spanId: string;
  attributes: SpanAttributes | undefined;
  readonly startedMs = performance.now();
  durationMs: number | undefined = undefined;
  failed = false;
  error: unknown = undefined;

  private currentScope: TraceScope | undefined = undefined;

  constructor(
    readonly trace: Trace,
    readonly parentSpanId: string,
    { name, kind = 'internal', spanId = newSpanId(), attributes }: SpanStart,
    /** Told once. */
    private readonly onEnd: ((span: Span) => void) | undefined,
  ) {
    this.name = name;
    this.kind = kind;
    this.spanId = spanId;
    this.attributes = attributes;
  }

  /** The trace's own scope with this span's id. */
  get scope(): TraceScope {
    const { fields } = this.trace.scope;
    if (this.currentScope?.fields !== fields || this.currentScope === undefined) {
      this.currentScope = new TraceScope(this.trace, this.spanId, fields);
    }
    return this.currentScope;
  }

  /** Adds what was not known at the start. */
  describe(attributes: SpanAttributes): void {
    this.attributes = Object.assign({}, this.attributes, attributes);
  }

  /** Ends the span, unless it has ended. */
  end(): void {
    if (this.durationMs !== undefined) return;
    this.durationMs = performance.now() - this.startedMs;
    this.onEnd?.(this);
  }

  /** Ends it with an error: what was thrown, or none where only the answer says so. */
  fail(error?: unknown): void {
    if (this.durationMs !== undefined) return;
    this.failed = true;
    this.error = error;
    this.end();
  }
}
