import type { ViewRequest, ViewSpan } from '../view-records.js';
import type { AccessLogRecord } from '../../records/access-log-record.js';
import { errorText } from '../../records/error-text.js';
import { isError, jsonValue } from '../../records/json-value.js';
import type { RequestRecord } from '../../records/request-record.js';
import type { SpanAttributes, SpanRecord } from '../../records/span-record.js';
import { cut, MAX_TEXT } from './text-limits.js';
import { plainValue } from './plain-value.js';
import type { WallClock } from './wall-clock.js';

/** A request that is recorded, and what its record is made with. */
export interface RequestSource {
  readonly key: string;
  readonly request: RequestRecord;
  readonly clock: WallClock;
}

/** A request, message, job or run that has begun. */
export function begunRequest(source: RequestSource): ViewRequest {
  const { metadata } = source.request;
  return requestRecord(source, { ...metadata.work, method: metadata.method, path: metadata.path });
}

/** The same when it has ended, with its spans. */
export function endedRequest(source: RequestSource, line: AccessLogRecord): ViewRequest {
  const { droppedSpans } = source.request;
  return requestRecord(source, line, spansOf(source), droppedSpans || undefined);
}

/** Spelled out: an object that is spread costs ten times as much, and this is on every request. */
function requestRecord(
  { key, request, clock }: RequestSource,
  line: Partial<AccessLogRecord>,
  spans?: readonly ViewSpan[],
  droppedSpans?: number,
): ViewRequest {
  const { kind } = request;
  return {
    type: 'request',
    key,
    service: request.application.service,
    kind,
    traceId: request.traceId,
    w3cTraceId: request.w3cTraceId,
    requestId: request.requestId,
    sessionId: request.sessionId,
    spanId: request.spanId,
    parentSpanId: request.origin.parentSpanId,
    startedAt: clock.at(request.startedMs),
    method: line.method,
    path: line.path,
    route: line.route,
    handler: line.handler,
    transport: kind === 'request' ? undefined : request.metadata.transport,
    pattern: line.pattern,
    queue: line.queue,
    job: line.job,
    attempt: line.attempt,
    mcp_method: line.mcp_method,
    mcp_tool: line.mcp_tool,
    graphql_operation: line.graphql_operation,
    graphql_errors: line.graphql_errors,
    status: line.status_code,
    outcome: line.outcome,
    durationMs: line.duration_ms,
    handlerMs: line.handler_ms,
    spans,
    droppedSpans,
  };
}

function spansOf({ request, clock }: RequestSource): ViewSpan[] | undefined {
  const { service } = request.application;
  const { w3cTraceId } = request;
  return request.spans?.map((span) => spanRecord(span, service, w3cTraceId, clock));
}

function spanRecord(
  span: SpanRecord,
  service: string,
  w3cTraceId: string,
  clock: WallClock,
): ViewSpan {
  const { name, kind, spanId, parentSpanId, startedMs, durationMs, failed, attributes } = span;
  return {
    type: 'span',
    service,
    w3cTraceId,
    name,
    kind,
    spanId,
    parentSpanId,
    startedAt: clock.at(startedMs),
    durationMs,
    failed: failed || undefined,
    count: span.count,
    attributes: attributes && plainAttributes(attributes),
    error: span.error === undefined ? undefined : textOf(span.error),
  };
}

/** A span that is made by hand may have anything as an attribute. */
function plainAttributes(attributes: SpanAttributes): SpanAttributes {
  const plain = Object.entries(attributes).map(([key, value]) => [key, plainValue(value)]);
  return Object.fromEntries(plain) as SpanAttributes;
}

function textOf(error: unknown): string | undefined {
  const text = isError(error) ? errorText(error) : jsonValue(error);
  return text && cut(text, MAX_TEXT);
}
