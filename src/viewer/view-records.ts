import type { UnitOfWorkFields, UnitOfWorkKind } from '../records/access-log-record.js';
import type { Outcome } from '../records/fields.js';
import type { SpanKind } from '../records/span-record.js';

/**
 * What is shown to people of requests and lines, whoever tells it: this application, another
 * service over OTLP, or a log file. All of it is JSON.
 */
export type ViewRecord = ViewRequest | ViewSpan | ViewLine | ViewDrops;

/** A request, message, job or run. It is told when it begins, and whole again when it has ended. */
export interface ViewRequest extends UnitOfWorkFields {
  readonly type: 'request';
  /** Given by the teller: two requests in flight with the same id stay two. */
  readonly key: string;
  readonly service: string;
  readonly kind: 'request' | UnitOfWorkKind;
  /** As its log has it; what joins the requests of several services is {@link w3cTraceId}. */
  readonly traceId: string;
  /** 32 lower-case hex digits. */
  readonly w3cTraceId: string;
  /** Missing where a service in another language has none. */
  readonly requestId?: string | undefined;
  readonly sessionId?: string | undefined;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** The span of the caller. */
  readonly parentSpanId?: string | undefined;
  /** Milliseconds since the Unix epoch, with a fraction where it is known. */
  readonly startedAt: number;
  readonly method?: string | undefined;
  /** Without its query. */
  readonly path?: string | undefined;
  readonly route?: string | undefined;
  readonly handler?: string | undefined;
  /** How it came in; missing for HTTP. */
  readonly transport?: string | undefined;
  readonly status?: number | undefined;
  /** Missing while it runs. */
  readonly outcome?: Outcome | undefined;
  /** Milliseconds; missing while it runs. */
  readonly durationMs?: number | undefined;
  readonly handlerMs?: number | undefined;
  /** What it failed with, where its service tells that of the request itself. */
  readonly error?: string | undefined;
  /** Those of its own process, in the order in which they began. */
  readonly spans?: readonly ViewSpan[] | undefined;
  /** How many more there were than are kept. */
  readonly droppedSpans?: number | undefined;
}

/** One operation inside a trace. Of another service it comes by itself, before or after its request. */
export interface ViewSpan {
  readonly type: 'span';
  readonly service: string;
  readonly w3cTraceId: string;
  /** Missing for what is told as the sum of its equal siblings. */
  readonly spanId?: string | undefined;
  readonly parentSpanId?: string | undefined;
  readonly name: string;
  readonly kind: SpanKind;
  /** Milliseconds since the Unix epoch, with a fraction. */
  readonly startedAt: number;
  /** Milliseconds; missing for one that its request did not wait for. */
  readonly durationMs?: number | undefined;
  readonly failed?: boolean | undefined;
  /** Of more than 20 equal siblings: how many. The duration is then their sum. */
  readonly count?: number | undefined;
  readonly attributes?: Readonly<Record<string, string | number | boolean>> | undefined;
  /** What it threw, with its stack. */
  readonly error?: string | undefined;
}

/** A log line, as it was written. */
export interface ViewLine {
  readonly type: 'line';
  /** The {@link ViewRequest.key} of its request, where the teller knows it. */
  readonly key?: string | undefined;
  readonly service: string;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  readonly level: string;
  readonly message: string;
  /** The ids are missing outside a context. */
  readonly traceId?: string | undefined;
  readonly w3cTraceId?: string | undefined;
  readonly requestId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly spanId?: string | undefined;
  /** The logger's, as in `PaymentService`. */
  readonly context?: string | undefined;
  /** What else the entry says. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
  /** The stack of its error, with its causes. */
  readonly error?: string | undefined;
}

/** What was not kept, or not sent, because there was too much of it: totals since the start. */
export interface ViewDrops {
  readonly type: 'drops';
  readonly requests: number;
  readonly lines: number;
  readonly spans: number;
}

/** What a self-contained page has in it. */
export interface ViewExport {
  /** ISO 8601. */
  readonly exportedAt: string;
  /** What it was taken from: a service, a file. */
  readonly source: string;
  readonly records: readonly ViewRecord[];
}
