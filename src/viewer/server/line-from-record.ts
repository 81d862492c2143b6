import type { ViewLine } from '../view-records.js';
import { errorText } from '../../records/error-text.js';
import type { LogRecord } from '../../records/log-record.js';
import { cut, MAX_MESSAGE, MAX_TEXT } from './text-limits.js';
import { plainValue } from './plain-value.js';

/** The ids are shown elsewhere. */
const IDS = new Set(['trace_id', 'request_id', 'session_id', 'span_id']);
const MAX_FIELDS = 64;

/** Where a line comes from, and when it was written. */
export interface LineSource {
  readonly key: string | undefined;
  readonly service: string;
  readonly time: number;
}

/** A log entry as the trace viewer shows it, cut so that many of them fit into memory. */
export function lineRecord({ key, service, time }: LineSource, entry: LogRecord): ViewLine {
  const { level, text, trace, spanId, context, error } = entry;
  return {
    type: 'line',
    key,
    service,
    time,
    level,
    message: cut(text, MAX_MESSAGE),
    traceId: trace?.traceId,
    w3cTraceId: trace?.w3cTraceId,
    requestId: trace?.requestId,
    sessionId: trace?.sessionId,
    spanId: trace && spanId,
    context: context === undefined ? undefined : cut(context, MAX_TEXT),
    fields: fieldsOf(entry),
    error: error && cut(errorText(error), MAX_MESSAGE),
  };
}

function fieldsOf(entry: LogRecord): ViewLine['fields'] {
  // Without a prototype, so that any key is only a key.
  const fields = Object.create(null) as Record<string, unknown>;
  // The spans of the request show more than its steps.
  const leftOut = entry.isAccessLog ? 'steps' : undefined;
  let count = 0;
  entry.forEachField((name, value) => {
    if (IDS.has(name) || name === leftOut || ++count > MAX_FIELDS) return;
    fields[cut(name, MAX_TEXT)] = plainValue(value);
  });
  return count === 0 ? undefined : fields;
}
