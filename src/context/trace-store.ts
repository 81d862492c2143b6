import { AsyncLocalStorage } from 'node:async_hooks';
import { CLS_ID, ClsServiceManager } from 'nestjs-cls';
import { sharedState } from '../trace/shared-state.js';
import type { Span } from '../trace/span.js';
import type { Trace, TraceScope } from '../trace/trace.js';

/** The key under which the trace sits in the `nestjs-cls` store. */
export const TRACE = Symbol.for('nestjs-tracing.trace');

type TraceStore = Record<symbol, unknown>;

const cls = sharedState('cls', () => ClsServiceManager.getClsService<TraceStore>());
// Spans nest inside a request whose store its user may write to, so the store cannot be copied
// for each of them. A second storage costs nothing until the first span runs.
const spans = sharedState('spans', () => new AsyncLocalStorage<Span>());

/** The trace of the running code, or `undefined` outside a context. */
export function currentTrace(): Trace | undefined {
  return cls.get<Trace | undefined>(TRACE);
}

/** The innermost running span of the current trace, if there is one. */
export function currentSpan(trace: Trace): Span | undefined {
  if (trace.spans === undefined) return undefined;
  const span = spans.getStore();
  return span?.trace === trace ? span : undefined;
}

/** What a log entry that is written now says of its trace. */
export function currentScope(): TraceScope | undefined {
  const trace = currentTrace();
  if (trace === undefined) return undefined;
  return currentSpan(trace)?.scope ?? trace.scope;
}

/** Runs a function in a trace. What a user already keeps in the store stays visible. */
export function runWithTrace<T>(trace: Trace, fn: () => T): T {
  const store: TraceStore = { [TRACE]: trace, [CLS_ID]: trace.requestId };
  return cls.runWith(cls.isActive() ? { ...cls.get(), ...store } : store, fn);
}

/** Runs a function in a span of the current trace. */
export function runWithSpan<T>(span: Span, fn: () => T): T {
  return spans.run(span, fn);
}
