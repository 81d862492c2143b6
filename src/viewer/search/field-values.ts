import { titleOf } from '../request-title.js';
import type { ViewLine, ViewRequest } from '../view-records.js';

/** The fields that a search has shorter names for. */
const REQUEST_FIELDS: Readonly<Record<string, (record: ViewRequest) => unknown>> = {
  request: ({ requestId }) => requestId,
  request_id: ({ requestId }) => requestId,
  session: ({ sessionId }) => sessionId,
  session_id: ({ sessionId }) => sessionId,
  trace: ({ traceId, w3cTraceId }) => [traceId, w3cTraceId],
  trace_id: ({ traceId, w3cTraceId }) => [traceId, w3cTraceId],
  span: ({ spanId }) => spanId,
  span_id: ({ spanId }) => spanId,
  status: ({ status_code: status, outcome = 'running' }) => [status, outcome],
  outcome: ({ outcome = 'running' }) => outcome,
  duration: elapsedMs,
  title: titleOf,
};

const LINE_FIELDS: Readonly<Record<string, (record: ViewLine) => unknown>> = {
  request: ({ requestId }) => requestId,
  request_id: ({ requestId }) => requestId,
  session: ({ sessionId }) => sessionId,
  session_id: ({ sessionId }) => sessionId,
  trace: ({ traceId, w3cTraceId }) => [traceId, w3cTraceId],
  trace_id: ({ traceId, w3cTraceId }) => [traceId, w3cTraceId],
  span: ({ spanId }) => spanId,
  span_id: ({ spanId }) => spanId,
  // Those of the record, not of the entry.
  time: () => undefined,
  type: () => undefined,
  key: () => undefined,
  fields: () => undefined,
};

/** The texts of a field of a request; none where it has no such field. */
export function requestField(record: ViewRequest, field: string): readonly string[] {
  const read = own(REQUEST_FIELDS, field);
  if (read !== undefined) return textsOf(read(record));
  return textsOf(own(record, field) ?? nested(record.fields, field));
}

/** The texts of a field of a line; none where it has no such field. */
export function lineField(record: ViewLine, field: string): readonly string[] {
  const read = own(LINE_FIELDS, field);
  if (read !== undefined) return textsOf(read(record));
  return textsOf(own(record, field) ?? nested(record.fields, field));
}

/** The duration; so far, for a request that still runs. Milliseconds. */
export function elapsedMs({ outcome, startedAt, duration_ms: durationMs }: ViewRequest): number {
  return durationMs ?? (outcome === undefined ? Date.now() - startedAt : 0);
}

/** The value at a path with dots, of which a name may have some itself. Case is ignored. */
function nested(value: unknown, path: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    const lower = name.toLowerCase();
    if (lower === path) return inner;
    if (path.startsWith(`${lower}.`)) {
      const found = nested(inner, path.slice(lower.length + 1));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function own<T extends object, K extends keyof T>(values: T, name: string): T[K] | undefined {
  return Object.hasOwn(values, name) ? values[name as K] : undefined;
}

function textsOf(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  return [typeof value === 'object' ? JSON.stringify(value) : String(value)];
}
