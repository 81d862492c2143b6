import type { UnitOfWorkFields, UnitOfWorkKind } from './access-log-record.js';
import type { SpanRecord } from './span-record.js';

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

/** A trace as its consumers see it. */
export interface RequestRecord extends TraceIds {
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

/** Extra fields of a trace's entries: an object without a prototype, so any key is only a key. */
export type TraceFields = Readonly<Record<string, unknown>>;
