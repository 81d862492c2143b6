import { errorLine } from '../records/error-line.js';
import { readProperty } from '../records/error-fields.js';
import { statusOf } from '../spans/steps.js';
import type { LateFailureReport } from '../trace/trace-policy.js';
import type { WriteLine } from './access-log.js';
import { routeOf } from './route-of.js';

/** How long no second warning is written of one step of one route. */
const QUIET_MS = 60_000;
/** The steps that were warned of in that time, for each application. Further ones are not. */
const MAX_STEPS = 500;
const CODE = 'TRACING_LATE_FAILURE';

/**
 * Writes a warning where a call fails after the access log line of its request, message, job or run:
 * one that the application started and did not await. No other line says so, as the access log line
 * has been written, and an error that is swallowed is logged nowhere. It is written at most once a
 * minute for each step of a route.
 */
export class LateFailures {
  /** When a warning was last written, by route and step, the oldest first. */
  private readonly written = new Map<string, number>();

  constructor(private readonly write: WriteLine) {}

  readonly report: LateFailureReport = (trace, span) => {
    const { kind, name, error, durationMs = 0 } = span;
    if ((kind !== 'client' && kind !== 'producer') || isAbort(error)) return;
    const route = routeOf(trace);
    if (!this.isDue(`${route}\n${name}`)) return;
    const fields = {
      context: 'TracingModule',
      code: CODE,
      step: name,
      error: errorLine(error),
      status: statusOf(span),
      duration_ms: Math.round(durationMs * 1000) / 1000,
      route,
    };
    this.write('warn', `${name} failed after its ${trace.kind} had ended`, fields);
  };

  private isDue(step: string): boolean {
    const now = performance.now();
    for (const [known, at] of this.written) {
      if (now - at < QUIET_MS) break;
      this.written.delete(known);
    }
    if (this.written.has(step) || this.written.size >= MAX_STEPS) return false;
    this.written.set(step, now);
    return true;
  }
}

/** The application cancels what it does not need any more, for example when the client disconnects. */
function isAbort(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && readProperty(error, 'name') === 'AbortError'
  );
}
