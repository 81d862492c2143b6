import { ACCESS_LOG_FIELD_NAMES } from '../../../records/fields.js';
import type { ViewRequest } from '../../view-records.js';
import { shortValue } from './answer.js';

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
    if (value !== undefined && !IN_ROW.has(name)) details[name] = shortValue(value, MAX_VALUE);
  }
  if (record.parentSpanId !== undefined) details['parent_span_id'] = record.parentSpanId;
  if (record.fields !== undefined) details['fields'] = shortValue(record.fields, MAX_VALUE);
  if (record.droppedSpans !== undefined) details['spans_not_recorded'] = record.droppedSpans;
  return details;
}
