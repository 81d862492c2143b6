import type { UnitOfWorkFields, UnitOfWorkKind } from './access-log-record.js';
import type { Application } from './application.js';
import type { SpanRecord } from './span-record.js';

/** The ids of one request, message, job or run. */
export interface TraceIds {
  /** Shared by all services that take part in one user action. */
  readonly traceId: string;
  /** Of this request alone. */
  readonly requestId: string;
  /** Shared by all requests of one user's session. */
  readonly sessionId: string;
  /** The request's own span in this process: 16 lower-case hex digits. */
  readonly spanId: string;
}

/** What is known of a request besides its ids. */
export interface TraceMetadata {
  /** `http`, `tcp`, `bullmq`, `cron`, …; `manual` for {@link TraceContext.run}. */
  readonly transport: string;
  /** Missing for HTTP requests. */
  readonly kind?: UnitOfWorkKind | undefined;
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
  readonly work?: UnitOfWorkFields | undefined;
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

/** Extra fields of a request's entries: an object without a prototype, so any key is only a key. */
export type TraceFields = Readonly<Record<string, unknown>>;

/**
 * A request, message, job or run, as subscribers see it: from its beginning on, and complete when
 * it has ended. It is the live object, not a copy: read it when it is handed over.
 */
export interface RequestRecord extends TraceIds {
  /** The application that it was received by. */
  readonly application: Application;
  /** `request` for HTTP, else the kind of unit of work. */
  readonly kind: 'request' | UnitOfWorkKind;
  readonly metadata: TraceMetadata;
  readonly origin: W3cOrigin;
  /** The trace id as it goes out in `traceparent`: 32 lower-case hex digits. */
  readonly w3cTraceId: string;
  /** Monotonic start in milliseconds, as `performance.now()` counts. */
  readonly startedMs: number;
  /** Monotonic milliseconds since the start. */
  readonly elapsedMs: number;
  /** Whether it has ended. What is logged between that and its event is its access log line. */
  readonly finished: boolean;
  /**
   * Its spans in the order in which they began, each with its parent. Folded ones are one record,
   * in front of those of them that are kept. `undefined` if there are none.
   */
  readonly spans: readonly SpanRecord[] | undefined;
  /** How many more spans there were than are kept. */
  readonly droppedSpans: number;
}
