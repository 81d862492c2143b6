import { newSpanId } from './ids.js';
import type { SdkSpan } from './sdk-span.js';
import type { SpanGroup } from './folded-spans.js';
import type { SpanAttributes, SpanKind, SpanRecord, SpanStart } from '../records/span-record.js';
import { TraceScope, type Trace } from './trace.js';

/** One span of a trace, while it runs and after it has ended. */
export class Span implements SpanRecord {
  readonly name: string;
  readonly kind: SpanKind;
  readonly depth: number;
  attributes: SpanAttributes | undefined;
  readonly startedMs = performance.now();
  durationMs: number | undefined = undefined;
  failed = false;
  error: unknown = undefined;
  declare readonly count: undefined;
  /** The same span in an OpenTelemetry SDK, where one is registered. */
  sdkSpan: SdkSpan | undefined = undefined;
  /** Whether it is only counted in the record of its folded siblings, and no longer kept itself. */
  isFolded = false;
  /** Whether it is among the spans of its trace; not where these are too many. */
  isListed = true;
  /** Whether it was too short to be recorded: see {@link minMs}. */
  isLeftOut = false;
  /** Whether it was folded and is no longer in the list. */
  isRemoved = false;
  /** Whether it has failed, or one below it has: such a span is never folded. */
  leadsToFailure = false;
  /** Its place in the order in which the spans of its trace began. */
  order = 0;
  /** How many spans directly below it are counted in {@link groups}. */
  childCount = 0;
  /** Milliseconds: it is left out at its end if it was shorter, did not fail and has no children. */
  readonly minMs: number | undefined;
  /**
   * Whether the calls that are made while it is the innermost span are its own work, and no steps:
   * the commands with which a job is added, for example.
   */
  coversCalls = false;
  /** Its children, grouped by name. */
  groups: Map<string, SpanGroup> | undefined = undefined;

  private id: string | undefined;
  /** `undefined` until the first child begins: most spans have none. */
  private children: ChildTimes | undefined = undefined;
  private currentScope: TraceScope | undefined = undefined;

  constructor(
    readonly trace: Trace,
    readonly parent: Span | undefined,
    { name, kind = 'internal', spanId, attributes, minMs }: SpanStart,
    /** Called once, when the span ends. */
    private readonly onEnd: ((span: Span) => void) | undefined,
  ) {
    this.name = name;
    this.kind = kind;
    this.id = spanId;
    this.attributes = attributes;
    this.minMs = minMs;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    // Below one that has ended, it takes none of its time.
    if (parent !== undefined && parent.durationMs === undefined) {
      (parent.children ??= new ChildTimes()).begin(this.startedMs);
    }
  }

  /** Made when it is asked for: most spans write no line and make no call. */
  get spanId(): string {
    return (this.id ??= newSpanId());
  }

  /** An OpenTelemetry SDK may send another id for this span. */
  set spanId(id: string) {
    this.id = id;
  }

  get hasChildren(): boolean {
    return this.childCount > 0;
  }

  get parentSpanId(): string {
    return this.parent?.spanId ?? this.trace.spanId;
  }

  /**
   * Its duration without the time in which at least one child ran. This is exact even if children
   * overlap.
   */
  get selfMs(): number | undefined {
    return this.durationMs === undefined ? undefined : this.durationMs - (this.children?.ms ?? 0);
  }

  /** The scope of the trace, but with the id of this span; of one that is recorded in any case. */
  get scope(): TraceScope {
    if (!this.isListed) return (this.parent ?? this.trace).scope;
    const { fields } = this.trace.scope;
    if (this.currentScope?.fields !== fields || this.currentScope === undefined) {
      this.currentScope = new TraceScope(this.trace, this.spanId, fields);
    }
    return this.currentScope;
  }

  /** Adds attributes that were not known at the start. No texts: those are bounded at the start. */
  describe(attributes: Readonly<Record<string, number | boolean>>): void {
    this.attributes = Object.assign({}, this.attributes, attributes);
  }

  /** Ends the span. Does nothing if it has ended already. */
  end(): void {
    if (this.durationMs !== undefined) return;
    const now = performance.now();
    // A child that is still running counts up to the end of this span.
    this.children?.stop(now);
    this.durationMs = now - this.startedMs;
    this.parent?.children?.end(now);
    this.onEnd?.(this);
  }

  /**
   * Ends the span as failed.
   *
   * @param error what was thrown; none if only the response shows the failure.
   */
  fail(error?: unknown): void {
    if (this.durationMs !== undefined) return;
    this.failed = true;
    this.error = error;
    this.end();
  }
}

/** The time in which at least one of the spans directly below a span ran. */
class ChildTimes {
  ms = 0;
  private running = 0;
  private sinceMs = 0;
  private isStopped = false;

  begin(now: number): void {
    if (this.running++ === 0) this.sinceMs = now;
  }

  end(now: number): void {
    this.running--;
    if (this.running === 0 && !this.isStopped) this.ms += now - this.sinceMs;
  }

  /** The span has ended: what runs on is not in its time. */
  stop(now: number): void {
    this.isStopped = true;
    if (this.running > 0) this.ms += now - this.sinceMs;
  }
}
