import type { UnitOfWorkFields, UnitOfWorkKind } from './access-log-record.js';
import type { Application } from './application.js';
import type { SpanRecord } from './span-record.js';

/** The ids of one request, message, job or run. */
export interface TraceIds {
  /** The same in all services that take part in one user action. */
  readonly traceId: string;
  /** The id of this request only. */
  readonly requestId: string;
  /**
   * The same in all requests of one user session. `undefined` only with `session: { generate: false }`,
   * where the caller named none.
   */
  readonly sessionId: string | undefined;
  /** The id of the request's span in this process: 16 lower-case hex digits. */
  readonly spanId: string;
}

/** The metadata of a request, message, job or run. */
export interface TraceMetadata {
  /** `http`, `tcp`, `bullmq`, `cron`, …; `manual` for {@link TraceContext.run}. */
  readonly transport: string;
  /** Missing for HTTP requests. */
  readonly kind?: UnitOfWorkKind | undefined;
  /** The start time: milliseconds since the Unix epoch. */
  readonly startedAt: number;
  /** The HTTP method. */
  readonly method?: string | undefined;
  /** The path of the request, without its query. */
  readonly path?: string | undefined;
  /** The template of the matched route, such as `/users/:id`. Known after routing. */
  readonly route?: string | undefined;
  /** Controller and method, such as `PaymentController.pay`. Known after routing. */
  readonly handler?: string | undefined;
  /** How an HTTP request arrived in this process: behind a proxy that ends TLS, that is `http`. */
  readonly scheme?: 'http' | 'https' | undefined;
  /** The host that the client of an HTTP request named, with its port, as in `api.example.com:8443`. */
  readonly host?: string | undefined;
  /** Whether the sender of a message waits for a response. Missing for HTTP requests, jobs and runs. */
  readonly isCall?: boolean | undefined;
  /** Fields of a unit of work, such as pattern, queue and job. */
  readonly work?: UnitOfWorkFields | undefined;
}

/** The values that a trace took from the W3C headers of the caller. */
export interface W3cOrigin {
  /** The span of the caller, if there is one: 16 lower-case hex digits. */
  readonly parentSpanId: string | undefined;
  /** The trace flags, which are also sent with outgoing calls. */
  readonly flags: number;
  readonly tracestate: string | undefined;
  /** Reduced to the keys in `baggage.allow`. */
  readonly baggage: string | undefined;
  /** Whether the caller is trusted. */
  readonly isTrusted: boolean;
  /**
   * The W3C trace id of the caller or of an OpenTelemetry SDK: 32 hex digits. If there is none, it is
   * derived from the id of the trace on first use.
   */
  readonly traceId: string | undefined;
}

/**
 * Additional fields of the log entries of a request. The object has no prototype, so that no key has
 * a special meaning.
 */
export type TraceFields = Readonly<Record<string, unknown>>;

/**
 * A request, message, job or run, as subscribers see it. It exists from the start and is complete
 * at the end. It is the live object and not a copy, so read it synchronously in the handler.
 */
export interface RequestRecord extends TraceIds {
  /** The application that received it. */
  readonly application: Application;
  /** `request` for HTTP, otherwise the kind of unit of work. */
  readonly kind: 'request' | UnitOfWorkKind;
  readonly metadata: TraceMetadata;
  readonly origin: W3cOrigin;
  /** The trace id in outgoing `traceparent` headers: 32 lower-case hex digits. */
  readonly w3cTraceId: string;
  /** Monotonic start time in milliseconds, as of `performance.now()`. */
  readonly startedMs: number;
  /** Monotonic milliseconds since the start. */
  readonly elapsedMs: number;
  /**
   * Whether it has ended. The only entries that are logged between its end and its event are those
   * of the flight recorder, and its access log line.
   */
  readonly finished: boolean;
  /** `true` where `TraceContext.keep` was called in it. */
  readonly isKept?: true;
  /**
   * Its spans as a tree in depth-first order: each is below its parent, whose id it has, and
   * siblings are in the order in which they began. Folded spans are one record, before those
   * siblings that are kept as single spans. `undefined` if there are no spans.
   */
  readonly spans: readonly SpanRecord[] | undefined;
  /** The number of spans beyond the limit, which were not recorded. */
  readonly droppedSpans: number;
}
