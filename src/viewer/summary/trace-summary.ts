import { isFailure } from '../request-outcome.js';
import type { ViewedRequest } from '../store/viewed-records.js';

/** The requests of one trace, of all services: a row of the view of traces. */
export interface TraceSummary {
  readonly w3cTraceId: string;
  /** The request that began the trace, as far as it is kept. */
  readonly root: ViewedRequest;
  /** In the order in which they began. */
  readonly requests: readonly ViewedRequest[];
  /** In the order in which they took part. */
  readonly services: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  /** From the first begin to the last end, in ms; `undefined` while a request runs. */
  readonly durationMs: number | undefined;
  /** The number of requests that ended with a server-side failure. */
  readonly failed: number;
}

/** The requests by trace, in the order in which the traces began. */
export function summarizeTraces(requests: Iterable<ViewedRequest>): readonly TraceSummary[] {
  const traces = new Map<string, ViewedRequest[]>();
  for (const request of requests) {
    const { w3cTraceId } = request.record;
    const known = traces.get(w3cTraceId);
    if (known === undefined) traces.set(w3cTraceId, [request]);
    else known.push(request);
  }
  return [...traces]
    .map(([w3cTraceId, all]) => summaryOf(w3cTraceId, all))
    .toSorted((a, b) => a.startedAt - b.startedAt);
}

function summaryOf(w3cTraceId: string, all: readonly ViewedRequest[]): TraceSummary {
  const requests =
    all.length === 1 ? all : all.toSorted((a, b) => a.record.startedAt - b.record.startedAt);
  const startedAt = requests[0]!.record.startedAt;
  const isRunning = requests.some(({ record }) => record.outcome === undefined);
  const ends = requests.map(({ record }) => record.startedAt + (record.duration_ms ?? 0));
  return {
    w3cTraceId,
    root: rootOf(requests),
    requests,
    services: [...new Set(requests.map(({ record }) => record.service))],
    startedAt,
    durationMs: isRunning ? undefined : Math.max(...ends) - startedAt,
    failed: requests.filter(({ record }) => isFailure(record)).length,
  };
}

/** Clocks differ between machines: the request that no other one is the caller of, not the earliest. */
function rootOf(inOrder: readonly ViewedRequest[]): ViewedRequest {
  const first = inOrder[0]!;
  // Nearly always: the other spans need not be looked at.
  if (inOrder.length === 1 || first.record.parentSpanId === undefined) return first;
  const spans = new Set<string | undefined>();
  for (const { record } of inOrder) {
    spans.add(record.spanId);
    for (const { spanId } of record.spans ?? []) spans.add(spanId);
  }
  // A request without a caller has `undefined`, which sums of spans have as their id.
  spans.delete(undefined);
  return inOrder.find(({ record }) => !spans.has(record.parentSpanId)) ?? first;
}
