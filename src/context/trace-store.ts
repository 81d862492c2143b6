import { AsyncLocalStorage } from 'node:async_hooks';
import { CLS_ID, ClsServiceManager } from 'nestjs-cls';
import { runWithSdkSpan } from './sdk-spans.js';
import { sharedState } from '../records/shared-state.js';
import type { Span } from '../trace/span.js';
import type { Trace, TraceScope } from '../trace/trace.js';

/** The key of the trace in the `nestjs-cls` store. */
export const TRACE = Symbol.for('nestjs-tracing.v1.trace');

/** What `nestjs-cls` keeps for a request: its trace, and what its user adds. */
export type TraceStore = Record<symbol, unknown>;

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
  if (trace.spanList === undefined) return undefined;
  const span = spans.getStore();
  return span?.trace === trace ? span : undefined;
}

/** The ids and fields of a log entry that is written now. */
export function currentScope(): TraceScope | undefined {
  const trace = currentTrace();
  if (trace === undefined) return undefined;
  return currentSpan(trace)?.scope ?? trace.scope;
}

/** Runs a function in a trace. What the user already keeps in the store stays visible. */
export function runWithTrace<T>(trace: Trace, fn: () => T): T {
  return runInStore(openStore(trace, true), fn);
}

/**
 * Makes the store of a trace, for code that has to enter it again.
 *
 * @param isInner whether what the user keeps in the current store is copied to it.
 */
export function openStore(trace: Trace, isInner: boolean): TraceStore {
  const store: TraceStore = { [TRACE]: trace, [CLS_ID]: trace.requestId };
  return isInner && cls.isActive() ? { ...cls.get(), ...store } : store;
}

/** The store of the running code, to enter it again later; `undefined` outside a context. */
export function currentStore(): TraceStore | undefined {
  return cls.isActive() ? cls.get() : undefined;
}

/** Runs a function in a store that was made before, with all that its user has added since. */
export function runInStore<T>(store: TraceStore, fn: () => T): T {
  return cls.runWith(store, fn);
}

/** Runs a function in a span of the current trace. */
export function runWithSpan<T>(span: Span, fn: () => T): T {
  const { sdkSpan } = span;
  if (sdkSpan === undefined) return spans.run(span, fn);
  return runWithSdkSpan(sdkSpan, () => spans.run(span, fn));
}
