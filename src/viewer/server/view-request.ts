import type { ViewRequest, ViewSpan } from '../view-records.js';
import { errorText } from '../../records/error-text.js';
import { isError, jsonValue } from '../../records/json-value.js';
import type { AccessLogRecord } from '../../records/access-log-record.js';
import type { Span } from '../../trace/span.js';
import type { SpanAttributes } from '../../records/span-record.js';
import type { SpanGroup } from '../../trace/span-group.js';
import type { SpanList } from '../../trace/span-list.js';
import type { Trace } from '../../trace/trace.js';
import { cut, MAX_TEXT } from './text-limits.js';
import { plainValue } from './plain-value.js';
import type { WallClock } from './wall-clock.js';

/** What a request is told with. */
export interface RequestSource {
  readonly key: string;
  readonly service: string;
  readonly trace: Trace;
  readonly clock: WallClock;
}

/** A request, message, job or run that has begun. */
export function begunRequest(source: RequestSource): ViewRequest {
  const { metadata } = source.trace;
  return requestRecord(source, { ...metadata.work, method: metadata.method, path: metadata.path });
}

/** The same when it has ended, with its spans. */
export function endedRequest(source: RequestSource, record: AccessLogRecord): ViewRequest {
  return requestRecord(
    source,
    record,
    spansOf(source),
    source.trace.spanList?.dropped || undefined,
  );
}

/** Spelled out: an object that is spread costs ten times as much, and this is on every request. */
function requestRecord(
  { key, service, trace, clock }: RequestSource,
  record: Partial<AccessLogRecord>,
  spans?: readonly ViewSpan[],
  droppedSpans?: number,
): ViewRequest {
  const { metadata } = trace;
  const { kind = 'request' } = metadata;
  return {
    type: 'request',
    key,
    service,
    kind,
    traceId: trace.traceId,
    w3cTraceId: trace.w3cTraceId,
    requestId: trace.requestId,
    sessionId: trace.sessionId,
    spanId: trace.spanId,
    parentSpanId: trace.origin.parentSpanId,
    startedAt: clock.at(trace.startedMs),
    method: record.method,
    path: record.path,
    route: record.route,
    handler: record.handler,
    transport: kind === 'request' ? undefined : metadata.transport,
    pattern: record.pattern,
    queue: record.queue,
    job: record.job,
    attempt: record.attempt,
    mcp_method: record.mcp_method,
    mcp_tool: record.mcp_tool,
    graphql_operation: record.graphql_operation,
    graphql_errors: record.graphql_errors,
    status: record.status_code,
    outcome: record.outcome,
    durationMs: record.duration_ms,
    handlerMs: record.handler_ms,
    spans,
    droppedSpans,
  };
}

function spansOf({ service, trace, clock }: RequestSource): ViewSpan[] | undefined {
  const { w3cTraceId, spanList } = trace;
  if (spanList === undefined) return undefined;
  const about = { type: 'span', service, w3cTraceId } as const;
  return (spanList as SpanList).told.flatMap(({ span, group }) => {
    const own = { ...about, ...spanRecord(span, clock) };
    return group === undefined ? own : [{ ...about, ...groupRecord(span, group, clock) }, own];
  });
}

function spanRecord(span: Span, clock: WallClock) {
  const { name, kind, spanId, parentSpanId, startedMs, durationMs, failed, attributes } = span;
  return {
    name,
    kind,
    spanId,
    parentSpanId,
    startedAt: clock.at(startedMs),
    durationMs,
    failed: failed || undefined,
    attributes: attributes && plainAttributes(attributes),
    error: span.error === undefined ? undefined : textOf(span.error),
  };
}

function groupRecord({ name, kind, parentSpanId }: Span, group: SpanGroup, clock: WallClock) {
  const { startedMs, totalMs, count } = group;
  return { name, kind, parentSpanId, startedAt: clock.at(startedMs), durationMs: totalMs, count };
}

/** Who makes a span by hand may hang anything on it. */
function plainAttributes(attributes: SpanAttributes): SpanAttributes {
  const plain = Object.entries(attributes).map(([key, value]) => [key, plainValue(value)]);
  return Object.fromEntries(plain) as SpanAttributes;
}

function textOf(error: unknown): string | undefined {
  const text = isError(error) ? errorText(error) : jsonValue(error);
  return text && cut(text, MAX_TEXT);
}
