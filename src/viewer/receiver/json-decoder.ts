import { LEVEL_NAMES } from '../../records/severity.js';
import { SPAN_KIND_NUMBERS, spanKindOfOtlp } from '../../records/span-kinds.js';
import { spanIdOf, traceIdOf } from './hex-ids.js';
import { enumeration, integer, list, object, record, text, type Json } from './json-fields.js';
import { anyValueOf, attributesOf, valueBudget, type ValueBudget } from './json-values.js';
import {
  completeSpan,
  MAX_ITEMS,
  MAX_SCOPES,
  STATUS_CODE,
  unixNanos,
  type OtlpAttributes,
  type OtlpItem,
  type OtlpLog,
  type OtlpSpan,
} from './otlp-model.js';
import { atOnce, type Work } from './slices.js';

/** How many of the last events of a span are looked at for an exception. */
const MAX_EVENTS = 1000;

const KIND_NAMES = prefixed('SPAN_KIND_', SPAN_KIND_NUMBERS, 1);
const STATUS_NAMES = prefixed('STATUS_CODE_', STATUS_CODE);
const SEVERITY_NAMES = severityNames();

/**
 * The spans of an `ExportTraceServiceRequest` in JSON.
 *
 * @throws for JSON that is malformed.
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function readJsonSpans(request: Json): Work<OtlpItem<OtlpSpan>[]> {
  return readItems(request, 'resourceSpans', 'scopeSpans', 'spans', spanOf);
}

/**
 * The log records of an `ExportLogsServiceRequest` in JSON.
 *
 * @throws for JSON that is malformed.
 */
export function readJsonLogs(request: Json): Work<OtlpItem<OtlpLog>[]> {
  return readItems(request, 'resourceLogs', 'scopeLogs', 'logRecords', logOf);
}

/** The same at once: for a line of a file. */
export function logsOfJson(request: Json): OtlpItem<OtlpLog>[] {
  return atOnce(readJsonLogs(request));
}

function* readItems<T>(
  request: Json,
  resourceKey: string,
  scopeKey: string,
  recordKey: string,
  read: (record: Json) => T | undefined,
): Work<OtlpItem<T>[]> {
  const items: OtlpItem<T>[] = [];
  let scopes = 0;
  let records = 0;
  for (const group of list(request[resourceKey])) {
    if (++scopes > MAX_SCOPES) break;
    const json = object(group);
    const resource = attributesOf(record(json['resource'])['attributes']);
    yield;
    for (const ofScope of list(json[scopeKey])) {
      if (++scopes > MAX_SCOPES) break;
      const inScope = object(ofScope);
      const scope = text(record(inScope['scope'])['name']);
      yield;
      for (const one of list(inScope[recordKey])) {
        if (++records > MAX_ITEMS) break;
        const data = read(object(one));
        if (data !== undefined) items.push({ resource, scope, data });
        yield;
      }
    }
  }
  return items;
}

function spanOf(span: Json): OtlpSpan | undefined {
  const { code, message } = record(span['status']);
  const budget = valueBudget();
  return completeSpan({
    traceId: traceIdOf(text(span['traceId'])),
    spanId: spanIdOf(text(span['spanId'])),
    parentSpanId: spanIdOf(text(span['parentSpanId'])),
    name: text(span['name']),
    kind: spanKindOfOtlp(enumeration(span['kind'], KIND_NAMES)),
    start: unixNanos(integer(span['startTimeUnixNano'])),
    end: unixNanos(integer(span['endTimeUnixNano'])),
    attributes: attributesOf(span['attributes'], budget),
    exception: exceptionOf(span['events'], budget),
    status: { code: enumeration(code, STATUS_NAMES), message: text(message) },
  });
}

function exceptionOf(events: unknown, budget: ValueBudget): OtlpAttributes | undefined {
  // From the last one backwards, and not for ever: few events are no exceptions.
  for (const event of list(events).slice(-MAX_EVENTS).toReversed()) {
    const { name, attributes } = object(event);
    if (name === 'exception') return attributesOf(attributes, budget);
  }
  return undefined;
}

function logOf(log: Json): OtlpLog {
  const budget = valueBudget();
  return {
    time: unixNanos(integer(log['timeUnixNano'])),
    observedTime: unixNanos(integer(log['observedTimeUnixNano'])),
    severityNumber: enumeration(log['severityNumber'], SEVERITY_NAMES),
    severityText: text(log['severityText']),
    eventName: text(log['eventName']),
    body: anyValueOf(log['body'], budget),
    attributes: attributesOf(log['attributes'], budget),
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
