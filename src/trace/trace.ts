import type { WorkFields, WorkKind } from './finish-record.js';
import { toW3cTraceId } from './ids.js';
import type { TracePolicy } from './trace-policy.js';
import type { SdkSpan } from './sdk-span.js';
import type { SpanRecord, SpansKept } from './span-record.js';

/** The ids of one request, message, job or run. */
export interface TraceIds {
  /** What all services that take part in one user action share. */
  readonly traceId: string;
  /** This request alone. */
  readonly requestId: string;
  /** All requests of one user's session. */
  readonly sessionId: string;
  /** The part of the trace that this process does: 16 lower-case hex digits. */
  readonly spanId: string;
}

/** What is known of a request besides its ids. */
export interface TraceMetadata {
  /** `http`, `tcp`, `bullmq`, `cron`, …; `manual` for {@link TraceContext.run}. */
  readonly transport: string;
  /** Missing for HTTP requests. */
  readonly kind?: WorkKind | undefined;
  /** When it began: milliseconds since the Unix epoch. */
  readonly startedAt: number;
  /** The HTTP method. */
  readonly method?: string | undefined;
  /** The path that was asked for, without its query. */
  readonly path?: string | undefined;
  /** The template of the route that matched, as in `/users/:id`. Known once routing is done. */
  readonly route?: string | undefined;
  /** Controller and method, as in `PaymentController.pay`. Known once routing is done. */
  readonly handler?: string | undefined;
  /** Pattern, queue, job and the like: what a path does not say. */
  readonly work?: WorkFields | undefined;
}

/** Metadata that somebody still works on: what the rest of the package sees of a live request. */
export interface LiveMetadata extends TraceMetadata {
  work?: WorkFields | undefined;
  /** Sets the handler where the execution context knows better than the router. */
  nameHandler?(name: string): void;
  /** No route has answered, whatever the router had matched. */
  forgetRoute?(): void;
  /** Looks up route and handler for good, when the response has closed with this status. */
  settle?(status: number): void;
}

/** How a trace came in over W3C headers. */
export interface W3cOrigin {
  /** The span of the caller, if there is one: 16 lower-case hex digits. */
  readonly parentSpanId: string | undefined;
  /** The trace flags that go out again. */
  readonly flags: number;
  readonly tracestate: string | undefined;
  /** Only what `baggage.allow` lets through. */
  readonly baggage: string | undefined;
  /** Whether the caller is trusted. */
  readonly isTrusted: boolean;
  /** 32 hex digits; where `traceId` is not W3C it is derived on first use. */
  readonly traceId: string | undefined;
}

/** A trace as its consumers see it. */
export interface ReadonlyTrace extends TraceIds {
  readonly metadata: TraceMetadata;
  readonly origin: W3cOrigin;
  /** The trace id as it goes out in `traceparent`: 32 lower-case hex digits. */
  readonly w3cTraceId: string;
  /** Monotonic start, milliseconds. */
  readonly startedMs: number;
  /** Monotonic milliseconds since the start. */
  readonly elapsedMs: number;
  /** In the order in which they began. */
  readonly spans: readonly SpanRecord[] | undefined;
}

/**
 * The value that flows: one for each request, in the async context from its first hook to its
 * response's close. Everything else reads it.
 */
export class Trace implements ReadonlyTrace {
  readonly startedMs = performance.now();
  /** What the next log entry says of this trace. Replaced, never changed: entries keep theirs. */
  scope: TraceScope;
  /** Monotonic, milliseconds; `undefined` until the interceptor runs. */
  handlerStartedMs: number | undefined = undefined;
  /** Milliseconds that the interceptor measured; `undefined` until the handler is done. */
  handlerMs: number | undefined = undefined;
  /** `undefined` until the first span. */
  spanList: SpansKept | undefined = undefined;
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

  get spans(): readonly SpanRecord[] | undefined {
    return this.spanList?.kept;
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

/** Extra fields of a trace's entries: an object without a prototype, so any key is only a key. */
export type TraceFields = Readonly<Record<string, unknown>>;

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
