import type { AccessLogRecord, UnitOfWorkKind } from '../records/access-log-record.js';
import type { Outcome } from '../records/fields.js';
import type { SpanKind } from '../records/span-record.js';

/**
 * What the trace viewer shows. The records come from this application, from another service over OTLP,
 * or from a log file. All of them are JSON.
 */
export type ViewRecord = ViewRequest | ViewSpan | ViewLine | ViewDrops;

/**
 * The fields of its access log line, under the names that they have there, as far as they are known:
 * `duration_ms` and `outcome` are missing while it runs. The spans are records of their own.
 */
export type ViewedFields = Partial<
  Omit<AccessLogRecord, 'error' | 'steps' | 'dropped_steps' | 'parent_span_id' | 'outcome'>
> & {
  /** `interrupted`: its process ended while it ran. Its duration is then what is known of it. */
  readonly outcome?: Outcome | 'interrupted' | undefined;
};

/** A request, message, job or run. It is sent when it begins, and again, complete, when it has ended. */
export interface ViewRequest extends ViewedFields {
  readonly type: 'request';
  /** Given by the source, so that two requests in flight with the same id stay two. */
  readonly key: string;
  readonly service: string;
  /** The id of its process: several of one service may be on one page. */
  readonly pid?: number | undefined;
  readonly kind: 'request' | UnitOfWorkKind;
  /** As in its log. The requests of several services have the same {@link w3cTraceId}. */
  readonly traceId: string;
  /** 32 lower-case hex digits. */
  readonly w3cTraceId: string;
  /** Missing for a service that has no request ids. */
  readonly requestId?: string | undefined;
  readonly sessionId?: string | undefined;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** The span of the caller. */
  readonly parentSpanId?: string | undefined;
  /** Milliseconds since the Unix epoch, with a fraction where it is known. */
  readonly startedAt: number;
  /**
   * What the application has added for this request: with `TraceContext.set` and `add`, with `enrich`,
   * and with `accessLog.fields`. `user` names whom the request is for. Missing while it runs.
   */
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
  /** Where its caller has sent it, as in `http://localhost:3000`, where that is known. */
  readonly serverOrigin?: string | undefined;
  /** The error of the request itself, where its service sends that. */
  readonly error?: string | undefined;
  /** The spans of its own process, as a tree in depth-first order. */
  readonly spans?: readonly ViewSpan[] | undefined;
  /** How many more spans there were than are kept. */
  readonly droppedSpans?: number | undefined;
}

/** A span inside a trace. One of another service is sent alone, before or after its request. */
export interface ViewSpan {
  readonly type: 'span';
  readonly service: string;
  readonly w3cTraceId: string;
  /** Missing for one that sums up equal siblings. */
  readonly spanId?: string | undefined;
  readonly parentSpanId?: string | undefined;
  readonly name: string;
  readonly kind: SpanKind;
  /** Milliseconds since the Unix epoch, with a fraction. */
  readonly startedAt: number;
  /** Milliseconds; missing for one that its request did not wait for. */
  readonly duration_ms?: number | undefined;
  readonly failed?: boolean | undefined;
  /** For one that sums up more than 20 equal siblings: how many. The duration is then their sum. */
  readonly count?: number | undefined;
  readonly attributes?: Readonly<Record<string, string | number | boolean>> | undefined;
  /** The stack of its error. */
  readonly error?: string | undefined;
}

/** A log line, as it was written. */
export interface ViewLine {
  readonly type: 'line';
  /** The {@link ViewRequest.key} of its request, where the source knows it. */
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
  /** The context of the logger, as in `PaymentService`. */
  readonly context?: string | undefined;
  /** The other fields of the entry. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
  /** The stack of its error, with its causes. */
  readonly error?: string | undefined;
}

/** How many records were dropped because there were too many: totals since the start. */
export interface ViewDrops {
  readonly type: 'drops';
  readonly requests: number;
  readonly lines: number;
  readonly spans: number;
}

/** The records in an exported page. */
export interface ViewExport {
  /** ISO 8601. */
  readonly exportedAt: string;
  /** Where they come from: a service or a file. */
  readonly source: string;
  readonly records: readonly ViewRecord[];
}
