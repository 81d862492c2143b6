import type { Trace } from '../../trace/trace.js';

/** Adds the errors of a result to the access log line: HTTP answers them with the status 200. */
export function countErrors(trace: Trace | undefined, errors: unknown): void {
  if (trace === undefined || !Array.isArray(errors) || errors.length === 0) return;
  const { work } = trace.metadata;
  const count = (work?.graphql_errors ?? 0) + errors.length;
  trace.metadata.work = { ...work, graphql_errors: count };
}
