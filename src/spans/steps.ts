import type { Step } from '../records/access-log-record.js';
import type { Span } from '../trace/span.js';
import type { SpanList } from '../trace/span-list.js';
import type { Trace } from '../trace/trace.js';
import { roundMs } from './round-ms.js';

/**
 * The spans of a trace in the order in which they began. Equal siblings that are told as one stand
 * before those of them that are told one by one.
 */
export function stepsOf({ spanList, startedMs }: Trace): Step[] | undefined {
  if (spanList === undefined) return undefined;
  const steps: Step[] = [];
  for (const { span, group } of (spanList as SpanList).told) {
    if (group !== undefined) {
      steps.push({
        name: span.name,
        start_ms: roundMs(group.startedMs - startedMs),
        duration_ms: roundMs(group.totalMs),
        count: group.count,
        ...(span.depth > 0 && { depth: span.depth }),
      });
    }
    steps.push(stepOf(span, startedMs));
  }
  return steps;
}

function stepOf(span: Span, startedMs: number): Step {
  const { name, durationMs, selfMs, depth, failed, groups } = span;
  return {
    name,
    start_ms: roundMs(span.startedMs - startedMs),
    ...(durationMs !== undefined && { duration_ms: roundMs(durationMs) }),
    ...(groups !== undefined && selfMs !== undefined && { self_ms: roundMs(selfMs) }),
    ...(depth > 0 && { depth }),
    ...(failed && { failed: true }),
  };
}

/** How many spans {@link stepsOf} does not tell; `undefined` for none. */
export function droppedSteps({ spanList }: Trace): number | undefined {
  return spanList === undefined || spanList.dropped === 0 ? undefined : spanList.dropped;
}

/** What the interceptor measured; where the caller left first, up to now. */
export function handlerMs(trace: Trace): number | undefined {
  if (trace.handlerMs !== undefined) return roundMs(trace.handlerMs);
  if (trace.handlerStartedMs === undefined) return undefined;
  return roundMs(performance.now() - trace.handlerStartedMs);
}
