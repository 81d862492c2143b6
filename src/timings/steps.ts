import type { Step } from '../trace/finish-record.js';
import type { Trace } from '../trace/trace.js';
import { roundMs } from './round-ms.js';

/** The spans of a trace in the order in which they began: the story behind an error. */
export function stepsOf({ spans = [], startedMs }: Trace): Step[] {
  return spans.map((span): Step => ({
    name: span.name,
    start_ms: roundMs(span.startedMs - startedMs),
    ...(span.durationMs !== undefined && { duration_ms: roundMs(span.durationMs) }),
    ...(span.failed && { failed: true }),
  }));
}
