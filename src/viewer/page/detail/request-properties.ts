import type { Field } from '../../../records/field.js';
import { accessLogField, ACCESS_LOG_FIELD_NAMES } from '../../../records/fields.js';
import { queryText } from '../../../records/query-text.js';
import type { ViewRequest } from '../../view-records.js';
import { durationText } from '../../duration-text.js';
import { timeText } from '../text/display-text.js';
import type { Property } from './property-list.js';

/** The ids of a request, those that are searched for most first. */
export function idProperties(record: ViewRequest): readonly Property[] {
  const { requestId, sessionId, traceId, w3cTraceId, spanId, parentSpanId } = record;
  return [
    { name: 'request id', value: requestId, isId: true },
    { name: 'session id', value: sessionId, isId: true },
    { name: 'trace id', value: traceId, isId: true },
    // The same, unless a caller sent a trace id that is not 32 hex digits.
    { name: 'W3C trace id', value: w3cTraceId === traceId ? undefined : w3cTraceId, isId: true },
    { name: 'span id', value: spanId, isId: true },
    { name: 'parent span id', value: parentSpanId, isId: true },
  ];
}

/** The other properties of a request: the fields of its access log line that have a label. */
export function requestProperties(record: ViewRequest): readonly Property[] {
  const properties: Property[] = [
    { name: 'started', value: timeText(record.startedAt) },
    { name: 'service', value: record.service },
  ];
  for (const name of ACCESS_LOG_FIELD_NAMES) {
    const { label, unit } = accessLogField(name);
    if (label === undefined) continue;
    properties.push({ name: label, value: valueText(record[name as keyof ViewRequest], unit) });
  }
  return properties;
}

function valueText(value: unknown, unit: Field['unit']): string | number | undefined {
  if (typeof value === 'number') return unit === 'ms' ? durationText(value) : value;
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
  return Array.isArray(value) ? value.join(', ') : queryText(value);
}
