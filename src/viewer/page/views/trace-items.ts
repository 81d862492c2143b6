import type { ViewedRequest } from '../../store/viewed-records.js';
import { summarizeTraces, type TraceSummary } from '../../summary/trace-summary.js';
import type { Numbered } from '../lists/row-window.js';

/** A row of the view of traces: a trace, or one of its requests. */
export interface TraceItem extends Numbered {
  readonly trace: TraceSummary;
  readonly request?: ViewedRequest;
}

/** The traces of the requests that were found, each with all of its requests. */
export function tracesOf(
  all: readonly ViewedRequest[],
  found: readonly ViewedRequest[],
  sort: string | undefined,
): readonly TraceSummary[] {
  const ids = found === all ? undefined : new Set(found.map(({ record }) => record.w3cTraceId));
  const traces = summarizeTraces(
    ids === undefined ? all : all.filter(({ record }) => ids.has(record.w3cTraceId)),
  );
  if (sort === 'newest') return traces.toReversed();
  if (sort !== 'slowest') return traces;
  return traces.toSorted((a, b) => (b.durationMs ?? 0) - (a.durationMs ?? 0));
}

export function traceItems(
  traces: readonly TraceSummary[],
  unfolded: ReadonlySet<string>,
): readonly TraceItem[] {
  return traces.flatMap((trace) => {
    // A number that no request has.
    const row: TraceItem = { n: -1 - trace.requests[0]!.n, trace };
    if (!unfolded.has(trace.w3cTraceId)) return [row];
    return [row, ...trace.requests.map((request) => ({ n: request.n, trace, request }))];
  });
}
