import type { ViewLine } from '../events/view-records.js';
import type { LogEvent } from '../events/channels.js';
import type { CapturedEntry } from '../logs/captured-entry.js';
import { entryError, entryMessage, repeatsError } from '../logs/entry-error.js';
import { errorText } from '../logs/error-text.js';
import { isFinish } from '../logs/finish-text.js';
import { readProperty } from '../logs/json-value.js';
import { cut, MAX_FIELD, plainValue } from './plain-value.js';

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
/** Characters of a message and of an error. */
const MAX_TEXT = 16_384;

/** Who wrote a line, and when. */
export interface LineSource {
  readonly key: string | undefined;
  readonly service: string;
  readonly time: number;
}

/** A log entry as the page shows it, cut to a size that many of them can have. */
export function lineRecord(source: LineSource, event: LogEvent): ViewLine {
  const { level, trace, spanId, entry } = event;
  const error = entryError(entry as CapturedEntry);
  const context = readProperty(entry, 'context');
  return {
    type: 'line',
    ...source,
    level,
    message: cut(entryMessage(entry as CapturedEntry), MAX_TEXT),
    ...(trace !== undefined && {
      traceId: trace.traceId,
      w3cTraceId: trace.w3cTraceId,
      requestId: trace.requestId,
      sessionId: trace.sessionId,
      spanId,
    }),
    context: typeof context === 'string' ? cut(context, MAX_FIELD) : undefined,
    fields: fieldsOf(event, error),
    error: error === undefined ? undefined : cut(errorText(error), MAX_TEXT),
  };
}

function fieldsOf({ fields, entry }: LogEvent, error: Error | undefined): ViewLine['fields'] {
  const told: [string, unknown][] = [];
  const tell = (record: object, isRepeated: (key: string, value: unknown) => boolean): void => {
    for (const key of Object.keys(record)) {
      if (NOT_FIELDS.has(key) || told.length >= MAX_FIELDS) continue;
      const value = readProperty(record, key);
      if (!isRepeated(key, value)) told.push([cut(key, MAX_FIELD), plainValue(value)]);
    }
  };
  if (fields !== undefined) tell(fields, (key) => Object.hasOwn(entry, key));
  // The spans of the request say more.
  const isTold = isFinish(entry) ? (key: string) => key === 'steps' : () => false;
  tell(
    entry,
    (key, value) => isTold(key) || (error !== undefined && repeatsError(error, key, value)),
  );
  return told.length === 0 ? undefined : Object.fromEntries(told);
}
