import type { ViewLine } from '../view-records.js';
import { errorText } from '../../records/error-text.js';
import { ACCESS_LOG_FIELD_NAMES } from '../../records/fields.js';
import type { LogRecord } from '../../records/log-record.js';
import { shownText } from '../shown-text.js';
import { cut, MAX_MESSAGE, MAX_TEXT } from './text-limits.js';
import { plainValue, simpleOrJson } from './plain-value.js';

/** The ids are shown elsewhere. */
const IDS = new Set(['trace_id', 'request_id', 'session_id', 'span_id']);
const OWN_FIELDS: ReadonlySet<string> = new Set(ACCESS_LOG_FIELD_NAMES);
const MAX_FIELDS = 64;

/** Where a line comes from, and when it was written. */
export interface LineSource {
  readonly key: string | undefined;
  readonly service: string;
  readonly time: number;
}

/** What a line is made of. */
export type LineEntry = Pick<
  LogRecord,
  | 'level'
  | 'text'
  | 'trace'
  | 'spanId'
  | 'context'
  | 'fields'
  | 'error'
  | 'isAccessLog'
  | 'forEachField'
>;

/** A log entry as the trace viewer shows it, cut so that many of them fit into memory. */
export function lineRecord({ key, service, time }: LineSource, entry: LineEntry): ViewLine {
  const { level, text, trace, spanId, context, error } = entry;
  return {
    type: 'line',
    key,
    service,
    time,
    level,
    message: cut(shownText(text), MAX_MESSAGE),
    traceId: trace?.traceId,
    w3cTraceId: trace?.w3cTraceId,
    requestId: trace?.requestId,
    sessionId: trace?.sessionId,
    spanId: trace && spanId,
    context: context === undefined ? undefined : cut(context, MAX_TEXT),
    fields: fieldsOf(entry),
    error: error && cut(shownText(errorText(error)), MAX_MESSAGE),
  };
}

/**
 * The fields of a line that are its request's: those that the application has added for all lines, and
 * on the access log line also the application's own.
 */
export function requestFields(
  { fields: added, isAccessLog }: LineEntry,
  { fields }: ViewLine,
): ViewLine['fields'] {
  if (fields === undefined || (added === undefined && !isAccessLog)) return undefined;
  let found: Record<string, unknown> | undefined;
  // They have no prototype.
  for (const name in fields) {
    if (isAccessLog ? OWN_FIELDS.has(name) : !Object.hasOwn(added!, name)) continue;
    found ??= Object.create(null) as Record<string, unknown>;
    found[name] = fields[name];
  }
  return found;
}

function fieldsOf(entry: LineEntry): ViewLine['fields'] {
  // Without a prototype, so that any key is only a key.
  const fields = Object.create(null) as Record<string, unknown>;
  // The spans of the request show more than its steps.
  const leftOut = entry.isAccessLog ? 'steps' : undefined;
  // The library's own fields, which it masks itself.
  const isOwn = (name: string): boolean => entry.isAccessLog && OWN_FIELDS.has(name);
  let count = 0;
  entry.forEachField((name, value) => {
    if (IDS.has(name) || name === leftOut || count === MAX_FIELDS) return;
    const plain = isOwn(name) ? simpleOrJson(value) : plainValue(name, value);
    if (plain === undefined) return;
    count++;
    fields[cut(name, MAX_TEXT)] = plain;
  });
  return count === 0 ? undefined : fields;
}
