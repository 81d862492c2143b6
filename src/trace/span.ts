import { newSpanId } from './ids.js';
import type { SdkSpan } from './sdk-span.js';
import type { SpanGroup } from './folded-spans.js';
import type { SpanAttributes, SpanKind, SpanRecord, SpanStart } from '../records/span-record.js';
import { TraceScope, type Trace } from './trace.js';

/** One named operation inside a trace. */
export class Span implements SpanRecord {
  readonly name: string;
  readonly kind: SpanKind;
  /** Another tracer may give it the id that goes out after all. */
  spanId: string;
  readonly depth: number;
  attributes: SpanAttributes | undefined;
  readonly startedMs = performance.now();
  durationMs: number | undefined = undefined;
  failed = false;
  error: unknown = undefined;
  declare readonly count: undefined;
  /** The same span in an OpenTelemetry SDK, where one is registered. */
  sdkSpan: SdkSpan | undefined = undefined;
  /** Told by the sum of its equal siblings from now on, and no longer by itself. */
  isFolded = false;
  /** Its children, by their names. */
  groups: Map<string, SpanGroup> | undefined = undefined;

  private childrenMs = 0;
  private runningChildren = 0;
  private childrenSinceMs = 0;
  private currentScope: TraceScope | undefined = undefined;

  constructor(
    readonly trace: Trace,
    readonly parent: Span | undefined,
    { name, kind = 'internal', spanId = newSpanId(), attributes }: SpanStart,
    /** Told once. */
    private readonly onEnd: ((span: Span) => void) | undefined,
  ) {
    this.name = name;
    this.kind = kind;
    this.spanId = spanId;
    this.attributes = attributes;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    parent?.childBegins(this.startedMs);
  }

  get hasChildren(): boolean {
    return this.groups !== undefined;
  }

  get parentSpanId(): string {
    return this.parent?.spanId ?? this.trace.spanId;
  }

  /** Exact also where children overlap: time in which at least one of them ran is not its own. */
  get selfMs(): number | undefined {
    return this.durationMs === undefined ? undefined : this.durationMs - this.childrenMs;
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
    const now = performance.now();
    // A child that outlives it counts for as long as it lived.
    if (this.runningChildren > 0) this.childrenMs += now - this.childrenSinceMs;
    this.durationMs = now - this.startedMs;
    this.parent?.childEnds(now);
    this.onEnd?.(this);
  }

  /** Ends it with an error: what was thrown, or none where only the answer says so. */
  fail(error?: unknown): void {
    if (this.durationMs !== undefined) return;
    this.failed = true;
    this.error = error;
    this.end();
  }

  private childBegins(now: number): void {
    if (this.runningChildren++ === 0) this.childrenSinceMs = now;
  }

  private childEnds(now: number): void {
    this.runningChildren--;
    if (this.runningChildren === 0 && this.durationMs === undefined) {
      this.childrenMs += now - this.childrenSinceMs;
    }
  }
}
