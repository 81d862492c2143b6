import type { ViewLine, ViewRequest } from '../view-records.js';
import { titleOf } from '../request-title.js';

/** Everything that a request can be found by, in lower case. */
export function requestText(record: ViewRequest): string {
  const { requestId, traceId, w3cTraceId, sessionId, spanId, parentSpanId } = record;
  const { service, route, handler, outcome, error, status_code: status } = record;
  const title = titleOf(record);
  return textOf([
    title,
    requestId,
    traceId,
    w3cTraceId,
    sessionId,
    spanId,
    parentSpanId,
    service,
    route,
    handler,
    outcome ?? 'running',
    status === undefined ? undefined : String(status),
    ...pairsOf(record.fields),
    error,
  ]);
}

/** Everything that a line can be found by, in lower case. Fields are as the log text has them. */
export function lineText(record: ViewLine): string {
  const { message, requestId, traceId, w3cTraceId, sessionId, spanId } = record;
  const { service, level, context, fields, error } = record;
  const ids = [requestId, traceId, w3cTraceId, sessionId, spanId];
  return textOf([message, ...ids, level, service, context, ...pairsOf(fields), error]);
}

function pairsOf(fields: ViewLine['fields']): string[] {
  if (fields === undefined) return [];
  return Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
}

/** Parts are kept apart, so that nothing is found across two of them. */
function textOf(parts: readonly (string | undefined)[]): string {
  return parts.join('\n').toLowerCase();
}
