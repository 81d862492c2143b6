import { ACCESS_LOG_FIELD_NAMES } from '../../../records/fields.js';
import { plainJson } from '../../plain-json.js';
import type { ViewRequest } from '../../view-records.js';
import { shortened } from './answer.js';

/** In the row of a request already, or shown elsewhere. */
const IN_ROW: ReadonlySet<string> = new Set([
  ...['duration_ms', 'outcome', 'status_code', 'route', 'error', 'error_id', 'steps'],
  'parent_span_id',
]);
const MAX_VALUE = 800;

/**
 * What else its access log line says, under the same names, and the fields that the application has
 * added.
 */
export function detailsOf(record: ViewRequest): Readonly<Record<string, unknown>> {
  const details: Record<string, unknown> = {};
  for (const name of ACCESS_LOG_FIELD_NAMES) {
    const value: unknown = record[name as keyof ViewRequest];
    if (value !== undefined && !IN_ROW.has(name)) details[name] = shortValue(value);
  }
  if (record.parentSpanId !== undefined) details['parent_span_id'] = record.parentSpanId;
  if (record.fields !== undefined) details['fields'] = shortValue(record.fields);
  if (record.droppedSpans !== undefined) details['spans_not_recorded'] = record.droppedSpans;
  return details;
}

function shortValue(value: unknown): unknown {
  if (typeof value === 'string') return shortened(value, MAX_VALUE);
  if (typeof value !== 'object' || value === null) return value;
  const json = plainJson(value);
  return json.length > MAX_VALUE ? shortened(json, MAX_VALUE) : value;
}
