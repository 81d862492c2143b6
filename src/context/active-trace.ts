import { AsyncLocalStorage } from 'node:async_hooks';
import { sharedState } from '../records/shared-state.js';
import type { Span } from '../trace/span.js';
import type { Trace, TraceScope } from '../trace/trace.js';

/**
 * What the async context holds: the innermost running span, or its trace where no span runs. It is
 * one value, so that spans need no storage of their own: on Node 20 and 22 each storage costs
 * something for every promise.
 */
export const active = sharedState(
  'active',
  () => new AsyncLocalStorage<Trace | Span | undefined>(),
);

/** The trace of the running code, or `undefined` outside a context. */
export function currentTrace(): Trace | undefined {
  return active.getStore()?.trace;
}

/** The innermost running span of a trace, if it is the current trace and a span runs. */
export function currentSpan(trace: Trace): Span | undefined {
  const innermost = active.getStore();
  if (innermost === undefined || innermost === trace || innermost.trace !== trace) return undefined;
  return innermost as Span;
}

/** The ids and fields of a log entry that is written now. */
export function currentScope(): TraceScope | undefined {
  return active.getStore()?.scope;
}
