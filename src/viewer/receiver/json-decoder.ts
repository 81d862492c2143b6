import { spanIdOf, traceIdOf } from './hex-ids.js';
import {
  enumeration,
  integer,
  parseBody,
  record,
  records,
  text,
  type Json,
} from './json-fields.js';
import { anyValueOf, attributesOf } from './json-values.js';
import {
  MAX_ITEMS,
  SPAN_KIND,
  STATUS_CODE,
  unixNanos,
  type OtlpAttributes,
  type OtlpDecoder,
  type OtlpLog,
  type OtlpSpan,
  type OtlpItem,
} from './otlp-data.js';

const KIND_NAMES = prefixed('SPAN_KIND_', SPAN_KIND);
const STATUS_NAMES = prefixed('STATUS_CODE_', STATUS_CODE);
const SEVERITY_NAMES = severityNames();

/**
 * Reads a body of JSON. Each of its functions throws for what is malformed.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function jsonDecoder(body: Uint8Array): OtlpDecoder {
  return {
    traces: () => itemsOf(parseBody(body), 'resourceSpans', 'scopeSpans', 'spans', spanOf),
    logs: () => itemsOf(parseBody(body), 'resourceLogs', 'scopeLogs', 'logRecords', logOf),
  };
}

function itemsOf<T>(
  body: Json,
  resourceKey: string,
  scopeKey: string,
  recordKey: string,
  read: (record: Json) => T,
): OtlpItem<T>[] {
  const items: OtlpItem<T>[] = [];
  for (const group of records(body[resourceKey])) {
    const resource = attributesOf(record(group['resource'])['attributes']);
    for (const made of records(group[scopeKey])) {
      const scope = text(record(made['scope'])['name']);
      const taken = records(made[recordKey]).slice(0, MAX_ITEMS - items.length);
      for (const one of taken) items.push({ resource, scope, data: read(one) });
    }
  }
  return items;
}

function spanOf(span: Json): OtlpSpan {
  const { code, message } = record(span['status']);
  return {
    traceId: traceIdOf(text(span['traceId'])),
    spanId: spanIdOf(text(span['spanId'])),
    parentSpanId: spanIdOf(text(span['parentSpanId'])),
    name: text(span['name']),
    kind: enumeration(span['kind'], KIND_NAMES),
    start: unixNanos(integer(span['startTimeUnixNano'])),
    end: unixNanos(integer(span['endTimeUnixNano'])),
    attributes: attributesOf(span['attributes']),
    exception: exceptionOf(span['events']),
    status: { code: enumeration(code, STATUS_NAMES), message: text(message) },
  };
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

function prefixed(
  prefix: string,
  numbers: Readonly<Record<string, number>>,
): ReadonlyMap<string, number> {
  return new Map(Object.entries(numbers).map(([name, number]) => [prefix + name, number]));
}

/** `SEVERITY_NUMBER_TRACE` is 1, `SEVERITY_NUMBER_TRACE2` is 2, … */
function severityNames(): ReadonlyMap<string, number> {
  const bases = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
  const names = bases.flatMap((base) => [base, `${base}2`, `${base}3`, `${base}4`]);
  return new Map(names.map((name, index) => [`SEVERITY_NUMBER_${name}`, index + 1]));
}
