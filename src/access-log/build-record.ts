import type { AccessLogRecord } from '../records/access-log-record.js';
import type { Outcome } from '../records/fields.js';
import { roundMs } from '../records/round-ms.js';
import type { Explanation } from './explanation.js';
import { handlerMs } from '../spans/steps.js';
import { fitting } from './fitting-explanation.js';
import type { Trace } from '../trace/trace.js';

/**
 * The access log record of a trace that ends now.
 *
 * @param status the HTTP status that was sent, if one was.
 * @param explanation what it has beside, with the steps that led to its end, if it explains itself.
 */
export function buildRecord(
  trace: Trace,
  outcome: Outcome,
  status: number | undefined,
  explanation: Explanation | undefined,
): AccessLogRecord {
  const { metadata, origin, elapsedMs, calls, sent, counters } = trace;
  const { kind, transport, work } = metadata;
  const record: AccessLogRecord = {
    duration_ms: roundMs(elapsedMs),
    handler_ms: handlerMs(trace),
    method: metadata.method,
    path: metadata.path,
    route: metadata.route,
    transport: kind === undefined ? undefined : transport,
    handler: metadata.handler,
    status_code: status,
    outcome,
    db_count: calls?.dbCount || undefined,
    db_ms: calls && calls.dbCount > 0 ? roundMs(calls.dbMs) : undefined,
    cache_count: calls?.cacheCount || undefined,
    cache_ms: calls && calls.cacheCount > 0 ? roundMs(calls.cacheMs) : undefined,
    sent,
    parent_span_id: origin.parentSpanId,
  };
  // Most HTTP requests have none, and an object that is spread costs more than all of the above.
  const plain =
    work === undefined && counters === undefined
      ? record
      : Object.assign({}, counters, work, record);
  const whole =
    explanation === undefined ? plain : Object.assign(plain, fitting(trace, plain, explanation));
  const { droppedFields } = metadata;
  return droppedFields === undefined ? whole : { ...whole, dropped_fields: droppedFields };
}
