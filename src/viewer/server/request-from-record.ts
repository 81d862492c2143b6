import type { ViewRequest, ViewSpan } from '../view-records.js';
import type { AccessLogRecord } from '../../records/access-log-record.js';
import { ACCESS_LOG_FIELD_NAMES } from '../../records/fields.js';
import { errorText } from '../../records/error-text.js';
import { isError, jsonValue } from '../../records/json-value.js';
import type { RequestRecord } from '../../records/request-record.js';
import type { SpanAttributes, SpanRecord } from '../../records/span-record.js';
import { serverAttributes } from '../../records/span-conventions.js';
import { serverOrigin } from '../server-address.js';
import { shownText } from '../shown-text.js';
import { cut, MAX_TEXT } from './text-limits.js';
import { plainValue } from './plain-value.js';
import type { WallClock } from './wall-clock.js';

const OWN_FIELDS: ReadonlySet<string> = new Set(ACCESS_LOG_FIELD_NAMES);
const PID = process.pid;

/** A request that is recorded, and what its record is made with. */
export interface RequestSource {
  readonly key: string;
  readonly request: RequestRecord;
  readonly clock: WallClock;
  /** What the application has added to its lines so far, as it is shown. */
  fields?: ViewRequest['fields'];
}

/** A request, message, job or run that has begun. */
export function begunRequest(source: RequestSource): ViewRequest {
  const { method, path, work } = source.request.metadata;
  return requestRecord(source, { method, path, ...work });
}

/** The same when it has ended, with its spans. */
export function endedRequest(source: RequestSource, line: AccessLogRecord): ViewRequest {
  const { droppedSpans } = source.request;
  const counters = countersOf(line);
  if (counters !== undefined) source.fields = { ...counters, ...source.fields };
  const own = counters === undefined ? line : ownFields(line);
  const origin = source.request.kind === 'request' ? originOf(source.request) : undefined;
  return requestRecord(source, own, spansOf(source), droppedSpans || undefined, origin);
}

/** The counters of `TraceContext.add`. They are beside the fields, and may have any name. */
function countersOf(line: AccessLogRecord): Record<string, unknown> | undefined {
  let counters: Record<string, unknown> | undefined;
  for (const name in line) {
    if (OWN_FIELDS.has(name)) continue;
    counters ??= Object.create(null) as Record<string, unknown>;
    const value = plainValue(name, line[name as keyof AccessLogRecord]);
    if (value !== undefined) counters[name] = value;
  }
  return counters;
}

function ownFields(line: AccessLogRecord): AccessLogRecord {
  const own = Object.entries(line).filter(([name]) => OWN_FIELDS.has(name));
  return Object.fromEntries(own) as AccessLogRecord;
}

function requestRecord(
  { key, request, clock, fields }: RequestSource,
  line: Partial<AccessLogRecord>,
  spans?: readonly ViewSpan[],
  droppedSpans?: number,
  serverOrigin?: string,
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
    serverOrigin,
    fields,
    spans,
    droppedSpans,
    ...line,
    error: line.error === undefined ? undefined : textOf(line.error),
    // The spans show more.
    steps: undefined,
  };
  return record;
}

/** The origin of the request before: nearly all requests have the same. */
let latest: Readonly<Record<'scheme' | 'host' | 'origin', string | undefined>> | undefined;

function originOf({ metadata }: RequestRecord): string | undefined {
  const { scheme, host } = metadata;
  if (latest === undefined || latest.scheme !== scheme || latest.host !== host) {
    const attributes = serverAttributes(metadata);
    const { 'server.address': address, 'server.port': port } = attributes;
    latest = { scheme, host, origin: serverOrigin(scheme, address, port) };
  }
  return latest.origin;
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
