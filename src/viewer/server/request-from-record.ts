import type { ViewRequest, ViewSpan } from '../view-records.js';
import type { AccessLogRecord } from '../../records/access-log-record.js';
import { errorText } from '../../records/error-text.js';
import { isError, jsonValue } from '../../records/json-value.js';
import type { RequestRecord } from '../../records/request-record.js';
import type { SpanAttributes, SpanRecord } from '../../records/span-record.js';
import { shownText } from '../shown-text.js';
import { cut, MAX_TEXT } from './text-limits.js';
import { plainValue } from './plain-value.js';
import type { WallClock } from './wall-clock.js';

const PID = process.pid;

/** A request that is recorded, and what its record is made with. */
export interface RequestSource {
  readonly key: string;
  readonly request: RequestRecord;
  readonly clock: WallClock;
}

/** A request, message, job or run that has begun. */
export function begunRequest(source: RequestSource): ViewRequest {
  const { method, path, work } = source.request.metadata;
  return requestRecord(source, { method, path, ...work });
}

/** The same when it has ended, with its spans. */
export function endedRequest(source: RequestSource, line: AccessLogRecord): ViewRequest {
  const { droppedSpans } = source.request;
  return requestRecord(source, line, spansOf(source), droppedSpans || undefined);
}

function requestRecord(
  { key, request, clock }: RequestSource,
  line: Partial<AccessLogRecord>,
  spans?: readonly ViewSpan[],
  droppedSpans?: number,
): ViewRequest {
  const { kind } = request;
  // The line is spread last: spread first, V8 makes a dictionary, which costs twenty times as much.
  const record: ViewRequest & { steps: undefined } = {
    type: 'request',
    key,
    service: request.application.service,
    pid: PID,
    kind,
    traceId: request.traceId,
    w3cTraceId: request.w3cTraceId,
    requestId: request.requestId,
    sessionId: request.sessionId,
    spanId: request.spanId,
    parentSpanId: request.origin.parentSpanId,
    startedAt: clock.at(request.startedMs),
    transport: kind === 'request' ? undefined : request.metadata.transport,
    spans,
    droppedSpans,
    ...line,
    error: line.error === undefined ? undefined : textOf(line.error),
    // The spans show more.
    steps: undefined,
  };
  return record;
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
    name: shownText(name),
    kind,
    spanId,
    parentSpanId,
    startedAt: clock.at(startedMs),
    duration_ms: durationMs,
    failed: failed || undefined,
    count: span.count,
    attributes: attributes && plainAttributes(attributes),
    error: span.error === undefined ? undefined : textOf(span.error),
  };
}

/** A span that is made by hand may have anything as an attribute. */
function plainAttributes(attributes: SpanAttributes): SpanAttributes {
  const plain = Object.entries(attributes).map(([key, value]) => [key, plainValue(key, value)]);
  return Object.fromEntries(plain.filter(([, value]) => value !== undefined)) as SpanAttributes;
}

function textOf(error: unknown): string | undefined {
  const text = isError(error) ? errorText(error) : jsonValue(error);
  return text && cut(shownText(text), MAX_TEXT);
}
