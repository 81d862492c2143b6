import type { Outcome, Step } from '../trace/finish-record.js';
import type { Trace } from '../trace/trace.js';
import { roundMs } from './round-ms.js';

/** The spans of a trace that failed in the order in which they began: the story behind an error. */
export function stepsOf(trace: Trace, outcome: Outcome): Step[] | undefined {
  const { spans, startedMs } = trace;
  if (outcome !== 'errored' || spans === undefined) return undefined;
  return spans.map((span): Step => ({
    name: span.name,
    start_ms: roundMs(span.startedMs - startedMs),
    ...(span.durationMs !== undefined && { duration_ms: roundMs(span.durationMs) }),
    ...(span.failed && { failed: true }),
  }));
}

/** How many spans {@link stepsOf} does not tell. */
export function droppedSteps(trace: Trace, outcome: Outcome): number | undefined {
  return outcome === 'errored' && trace.droppedSpans > 0 ? trace.droppedSpans : undefined;
}

/** What the interceptor measured; where the caller left first, up to now. */
export function handlerMs(trace: Trace): number | undefined {
  if (trace.handlerMs !== undefined) return roundMs(trace.handlerMs);
  if (trace.handlerStartedMs === undefined) return undefined;
  return roundMs(performance.now() - trace.handlerStartedMs);
}
