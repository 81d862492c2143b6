import { repeatedCalls } from '../spans/repeated-calls.js';
import type { Trace } from '../trace/trace.js';
import { routeOf } from './route-of.js';

/** The routes that were warned of, for each application. Further ones are not warned of. */
const MAX_ROUTES = 500;
const CODE = 'TRACING_REPEATED_CALLS';

/**
 * Writes a warning where a trace that ends has more equal queries below one parent than
 * `spans.repeated`: usually one query for each element of a list. It is written once for each route,
 * or handler, queue, pattern or job, in the trace that it is about.
 */
export class RepeatedCallsWarning {
  private readonly routes = new Set<string>();

  constructor(private readonly write: (level: string, message: string, fields: object) => void) {}

  /** Call it in the context of the trace, once it has ended. */
  writeFor(trace: Trace): void {
    const route = routeOf(trace);
    if (this.routes.has(route) || this.routes.size >= MAX_ROUTES) return;
    const repeated = repeatedCalls(trace);
    if (repeated === undefined) return;
    this.routes.add(route);
    const { name, count } = repeated;
    this.write(
      'warn',
      `${name} ran ${count} times in ${route}. One query for all of them may be faster.`,
      { context: 'TracingModule', code: CODE, step: name, count, route },
    );
  }
}
