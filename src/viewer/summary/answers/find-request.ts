import type { ViewStore } from '../../store/view-store.js';
import type { ViewedRequest } from '../../store/viewed-records.js';
import { summarizeTraces } from '../trace-summary.js';

/**
 * The request with a span id, request id or trace id. A trace id, and a request id that a caller has
 * passed on, are of several requests: the one of them that began the latest trace.
 */
export function findRequest(store: ViewStore, id: string): ViewedRequest | undefined {
  const bySpan = store.requestBySpanId(id);
  if (bySpan !== undefined) return bySpan;
  const matching = store.requests.filter(({ record }) =>
    [record.requestId, record.traceId, record.w3cTraceId, record.key].includes(id),
  );
  return summarizeTraces(matching).at(-1)?.root;
}
