import { LEVEL_NAMES } from '../../records/severity.js';
import { SPAN_KIND_NUMBERS, spanKindOfOtlp } from '../../records/span-kinds.js';
import { spanIdOf, traceIdOf } from './hex-ids.js';
import { enumeration, integer, record, records, text, type Json } from './json-fields.js';
import { anyValueOf, attributesOf } from './json-values.js';
import {
  completeSpan,
  MAX_ITEMS,
  STATUS_CODE,
  unixNanos,
  type OtlpAttributes,
  type OtlpItem,
  type OtlpLog,
  type OtlpSpan,
} from './otlp-model.js';

const KIND_NAMES = prefixed('SPAN_KIND_', SPAN_KIND_NUMBERS, 1);
const STATUS_NAMES = prefixed('STATUS_CODE_', STATUS_CODE);
const SEVERITY_NAMES = severityNames();

/**
 * The spans of an `ExportTraceServiceRequest` in JSON.
 *
 * @throws for JSON that is malformed.
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function spansOfJson(request: Json): OtlpItem<OtlpSpan>[] {
  return itemsOf(request, 'resourceSpans', 'scopeSpans', 'spans', spanOf);
}

/**
 * The log records of an `ExportLogsServiceRequest` in JSON.
 *
 * @throws for JSON that is malformed.
 */
export function logsOfJson(request: Json): OtlpItem<OtlpLog>[] {
  return itemsOf(request, 'resourceLogs', 'scopeLogs', 'logRecords', logOf);
}

function itemsOf<T>(
  request: Json,
  resourceKey: string,
  scopeKey: string,
  recordKey: string,
  read: (record: Json) => T | undefined,
): OtlpItem<T>[] {
  const items: OtlpItem<T>[] = [];
  for (const group of records(request[resourceKey])) {
    const resource = attributesOf(record(group['resource'])['attributes']);
    for (const ofScope of records(group[scopeKey])) {
      const scope = text(record(ofScope['scope'])['name']);
      for (const one of records(ofScope[recordKey]).slice(0, MAX_ITEMS - items.length)) {
        const data = read(one);
        if (data !== undefined) items.push({ resource, scope, data });
      }
    }
  }
  return items;
}

function spanOf(span: Json): OtlpSpan | undefined {
  const { code, message } = record(span['status']);
  return completeSpan({
    traceId: traceIdOf(text(span['traceId'])),
    spanId: spanIdOf(text(span['spanId'])),
    parentSpanId: spanIdOf(text(span['parentSpanId'])),
    name: text(span['name']),
    kind: spanKindOfOtlp(enumeration(span['kind'], KIND_NAMES)),
    start: unixNanos(integer(span['startTimeUnixNano'])),
    end: unixNanos(integer(span['endTimeUnixNano'])),
    attributes: attributesOf(span['attributes']),
    exception: exceptionOf(span['events']),
    status: { code: enumeration(code, STATUS_NAMES), message: text(message) },
  });
}

function exceptionOf(events: unknown): OtlpAttributes | undefined {
  const event = records(events).findLast(({ name }) => name === 'exception');
  return event && attributesOf(event['attributes']);
}

function logOf(log: Json): OtlpLog {
  return {
    time: unixNanos(integer(log['timeUnixNano'])),
    observedTime: unixNanos(integer(log['observedTimeUnixNano'])),
    severityNumber: enumeration(log['severityNumber'], SEVERITY_NAMES),
    severityText: text(log['severityText']),
    eventName: text(log['eventName']),
    body: anyValueOf(log['body']),
    attributes: attributesOf(log['attributes']),
    traceId: traceIdOf(text(log['traceId'])),
    spanId: spanIdOf(text(log['spanId'])),
  };
}

/** The names that the enumeration has in JSON, as in `SPAN_KIND_SERVER`, with their numbers. */
function prefixed(
  prefix: string,
  numbers: Readonly<Record<string, number>>,
  offset = 0,
): ReadonlyMap<string, number> {
  const names = Object.entries(numbers);
  return new Map(names.map(([name, number]) => [prefix + name.toUpperCase(), number + offset]));
}

/** `SEVERITY_NUMBER_TRACE` is 1, `SEVERITY_NUMBER_TRACE2` is 2, … */
function severityNames(): ReadonlyMap<string, number> {
  const names = LEVEL_NAMES.map((name) => name.toUpperCase()).flatMap((name) => [
    ...[name, `${name}2`, `${name}3`, `${name}4`],
  ]);
  return new Map(names.map((name, index) => [`SEVERITY_NUMBER_${name}`, index + 1]));
}
