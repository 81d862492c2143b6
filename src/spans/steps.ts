import type { Step } from '../records/step.js';
import type { SpanRecord } from '../records/span-record.js';
import type { Trace } from '../trace/trace.js';
import { roundMs } from '../records/round-ms.js';

/** The spans of a trace as the access log line has them; `undefined` if there are none. */
export function stepsOf({ spans, startedMs }: Trace): Step[] | undefined {
  return spans?.map((span) => stepOf(span, startedMs));
}

function stepOf(span: SpanRecord, traceStartedMs: number): Step {
  const { name, startedMs, durationMs, selfMs, hasChildren, count, depth, failed } = span;
  return {
    name,
    start_ms: roundMs(startedMs - traceStartedMs),
    ...(durationMs !== undefined && { duration_ms: roundMs(durationMs) }),
    ...(hasChildren && selfMs !== undefined && { self_ms: roundMs(selfMs) }),
    ...(count !== undefined && { count }),
    ...(depth > 0 && { depth }),
    ...(failed && { failed: true }),
  };
}

/** How many spans {@link stepsOf} leaves out; `undefined` for none. */
export function droppedSteps({ droppedSpans }: Trace): number | undefined {
  return droppedSpans === 0 ? undefined : droppedSpans;
}

/** What the interceptor measured; where the client has disconnected first, up to now. */
export function handlerMs(trace: Trace): number | undefined {
  if (trace.handlerMs !== undefined) return roundMs(trace.handlerMs);
  if (trace.handlerStartedMs === undefined) return undefined;
  return roundMs(performance.now() - trace.handlerStartedMs);
}
