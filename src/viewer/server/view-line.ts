import type { ViewLine } from '../view-records.js';
import type { LogRecord } from '../../records/channels.js';
import type { CapturedEntry } from '../../logging/winston/captured-entry.js';
import { entryError, entryMessage, repeatsError } from '../../logging/winston/entry-error.js';
import { errorText } from '../../records/error-text.js';
import { isAccessLogEntry } from '../../logging/formats/access-log-text.js';
import { readProperty } from '../../records/json-value.js';
import { cut, MAX_MESSAGE, MAX_TEXT } from './text-limits.js';
import { plainValue } from './plain-value.js';

/** Said elsewhere in the record. */
const NOT_FIELDS = new Set([
  'level',
  'message',
  'context',
  'timestamp',
  'trace_id',
  'request_id',
  'session_id',
  'span_id',
]);
const MAX_FIELDS = 64;

/** Who wrote a line, and when. */
export interface LineSource {
  readonly key: string | undefined;
  readonly service: string;
  readonly time: number;
}

/** A log entry as the page shows it, cut to a size that many of them can have. */
export function lineRecord({ key, service, time }: LineSource, event: LogRecord): ViewLine {
  const { level, trace, spanId } = event;
  const entry = event.entry as CapturedEntry;
  const error = entryError(entry);
  const context = readProperty(entry, 'context');
  return {
    type: 'line',
    key,
    service,
    time,
    level,
    message: cut(entryMessage(entry), MAX_MESSAGE),
    traceId: trace?.traceId,
    w3cTraceId: trace?.w3cTraceId,
    requestId: trace?.requestId,
    sessionId: trace?.sessionId,
    spanId: trace && spanId,
    context: typeof context === 'string' ? cut(context, MAX_TEXT) : undefined,
    fields: fieldsOf(event, error),
    error: error && cut(errorText(error), MAX_MESSAGE),
  };
}

function fieldsOf({ fields, entry }: LogRecord, error: Error | undefined): ViewLine['fields'] {
  // Without a prototype, so that any key is only a key.
  const told = Object.create(null) as Record<string, unknown>;
  let count = 0;
  const tell = (key: string, value: unknown): void => {
    if (++count <= MAX_FIELDS) told[cut(key, MAX_TEXT)] = plainValue(value);
  };
  if (fields !== undefined) {
    for (const key of Object.keys(fields)) {
      if (!NOT_FIELDS.has(key) && !Object.hasOwn(entry, key)) tell(key, fields[key]);
    }
  }
  // The spans of the request say more.
  const stepsKey = isAccessLogEntry(entry) ? 'steps' : undefined;
  for (const key of Object.keys(entry)) {
    if (NOT_FIELDS.has(key) || key === stepsKey) continue;
    const value = readProperty(entry, key);
    if (error === undefined || !repeatsError(error, key, value)) tell(key, value);
  }
  return count === 0 ? undefined : told;
}
