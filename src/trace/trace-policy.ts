import type { RequestRecord, TraceFields } from '../records/request-record.js';
import type { RunningApplication } from '../records/application.js';
import type { SpanRecord } from '../records/span-record.js';
import type { RecorderPolicy } from './recording.js';

/** Rules by which single requests are logged at a more verbose level. */
export interface LevelRules {
  /**
   * Whether an entry of a trace is written although the logger's level is less verbose.
   *
   * @param severity of the entry, among the levels of its logger: less is more severe.
   * @param isCounted whether it counts as an entry that the rule has written.
   */
  raises(
    scope: RuledScope,
    severity: number,
    levels: Readonly<Record<string, number>>,
    isCounted: boolean,
  ): boolean;
}

/** What rules know of an entry: its trace, and the fields that `TraceContext.set` has added. */
export interface RuledScope {
  readonly trace: RequestRecord;
  readonly fields: TraceFields | undefined;
}

/** A header that ids are taken from, besides `traceparent`, `X-Request-ID` and `X-Session-ID`. */
export interface IdHeader {
  /** In lower case. */
  readonly name: string;
  /** Which id it is. `undefined` for one that is read by its format, such as `b3`. */
  readonly id: 'traceId' | 'requestId' | 'sessionId' | undefined;
}

/** Which calls of client libraries are spans, and what of a statement they show. */
export interface ClientSpansPolicy {
  readonly databases: boolean;
  readonly caches: boolean;
  readonly llm: boolean;
  /** `summary`: operation and tables. `text`: the statement too, without literals. */
  readonly statement: 'summary' | 'text' | false;
}

/** Hears of a span that has failed after the end of its trace, in the context of the trace. */
export type LateFailureReport = (trace: RequestRecord, span: SpanRecord) => void;

/** How an application generates ids that a caller did not send, and which hosts receive them. */
export interface TracePolicy {
  readonly application: RunningApplication;
  readonly newTraceId: () => string;
  readonly newRequestId: () => string;
  /** `undefined` where a session that the caller did not name is left out. */
  readonly newSessionId: () => string | undefined;
  /** Whether `traceId` must be a W3C trace id, even if the caller sent another id. */
  readonly w3cOnly: boolean;
  /** Whether an HTTP host may receive request and session id. `undefined`: calls carry no headers. */
  readonly isTrustedHost: ((host: string) => boolean) | undefined;
  /** Whether an HTTP proxy may: loopback is not enough for it. `undefined` as above. */
  readonly isTrustedProxy?: ((host: string) => boolean) | undefined;
  /** The headers that are not to be passed on as they were received. */
  readonly idHeaders: readonly IdHeader[];
  /** Which calls to databases, caches and models are spans. `undefined` for none. */
  readonly clientSpans?: ClientSpansPolicy | undefined;
  /** Milliseconds: automatic spans that were shorter are left out. `undefined`: none. */
  readonly minAutoSpanMs?: number | undefined;
  /** From more equal calls than this below one parent there is a warning. `undefined`: never. */
  readonly repeatedCalls?: number | undefined;
  /** What the flight recorder keeps. `undefined` where it is off. */
  readonly recorder?: RecorderPolicy | undefined;
  /** The key of `X-Debug-Level`. `undefined`: the header is ignored. */
  readonly debugKey?: string | undefined;
  /** What is logged at a more verbose level than the logger's, as set while the application runs. */
  readonly levelRules?: { current: LevelRules | undefined } | undefined;
  /** Where calls that fail late are reported. `undefined` where nothing does. */
  readonly lateFailures?: { current: LateFailureReport | undefined } | undefined;
  /** The names of the response headers that have ids. */
  readonly responseHeaders: readonly string[];
}
