import type { UnitOfWorkFields } from '../records/access-log-record.js';
import type {
  RequestRecord,
  TraceFields,
  TraceMetadata,
  W3cOrigin,
} from '../records/request-record.js';
import { toW3cTraceId } from './ids.js';
import type { TracePolicy } from './trace-policy.js';
import type { SdkSpan } from './sdk-span.js';
import type { Application } from '../records/application.js';
import type { SpanRecord } from '../records/span-record.js';

/** Metadata that somebody still works on: what the rest of the package sees of a live request. */
export interface LiveMetadata extends TraceMetadata {
  work?: UnitOfWorkFields | undefined;
  /** Sets the handler where the execution context knows better than the router. */
  nameHandler?(name: string): void;
  /** No route has answered, whatever the router had matched. */
  forgetRoute?(): void;
  /** Looks up route and handler for good, when the response has closed with this status. */
  settle?(status: number): void;
}

/** The spans of a trace that are kept. */
export interface KeptSpans {
  /** In the order in which they began, with equal siblings folded. */
  readonly records: readonly SpanRecord[];
  /** How many were beyond the limit: they ran, but are not kept. */
  readonly dropped: number;
}

/**
 * The value that flows: one for each request, in the async context from its first hook to its
 * response's close. Everything else reads it.
 */
export class Trace implements RequestRecord {
  readonly startedMs = performance.now();
  /** What the next log entry says of this trace. Replaced, never changed: entries keep theirs. */
  scope: TraceScope;
  /** Monotonic, milliseconds; `undefined` until the interceptor runs. */
  handlerStartedMs: number | undefined = undefined;
  /** Milliseconds that the interceptor measured; `undefined` until the handler is done. */
  handlerMs: number | undefined = undefined;
  /** `undefined` until the first span. */
  spanList: KeptSpans | undefined = undefined;
  finished = false;
  /** The span that stands for this trace in an OpenTelemetry SDK, where this package began it. */
  sdkSpan: SdkSpan | undefined = undefined;

  private w3cId: string | undefined;

  constructor(
    readonly traceId: string,
    readonly requestId: string,
    readonly sessionId: string,
    readonly spanId: string,
    readonly origin: W3cOrigin,
    readonly metadata: LiveMetadata,
    readonly policy: TracePolicy,
  ) {
    this.w3cId = origin.traceId;
    this.scope = new TraceScope(this, spanId, undefined);
  }

  get application(): Application {
    return this.policy.application;
  }

  get kind(): RequestRecord['kind'] {
    return this.metadata.kind ?? 'request';
  }

  get spans(): readonly SpanRecord[] | undefined {
    return this.spanList?.records;
  }

  get droppedSpans(): number {
    return this.spanList?.dropped ?? 0;
  }

  get w3cTraceId(): string {
    return (this.w3cId ??= toW3cTraceId(this.traceId));
  }

  get elapsedMs(): number {
    return performance.now() - this.startedMs;
  }

  /** Adds a field to every later entry; entries that are already on their way keep what they had. */
  setField(key: string, value: unknown): void {
    const fields: Record<string, unknown> = Object.assign(Object.create(null), this.scope.fields);
    fields[key] = value;
    this.scope = new TraceScope(this, this.spanId, fields);
  }
}

/** What a log entry says of its trace, fixed at the moment of the call. */
export class TraceScope {
  /** The format that made {@link rendered}, so that the ids are written out once, not per line. */
  renderedBy: object | undefined = undefined;
  rendered = '';

  constructor(
    readonly trace: Trace,
    readonly spanId: string,
    readonly fields: TraceFields | undefined,
  ) {}
}
