import type { Span } from '../trace/span.js';
import type { Trace } from '../trace/trace.js';
import { active, currentTrace } from './active-trace.js';
import {
  activeSdkContext,
  activeSpanRunner,
  runInSdkContext,
  runWithSdkSpan,
  type SdkContext,
} from './sdk-spans.js';
import { makeStackRoom, takeStackRoom } from './stack-room.js';
import {
  chooseStore,
  enteredStore,
  keepUserStore,
  runInUserStore,
  storeForNew,
  type UserStore,
} from './user-store.js';

/**
 * Runs a function in a new trace, with a `nestjs-cls` store of its own for the user.
 *
 * @param isInner whether what the user keeps in the current store is copied to the new one.
 */
export function enterTrace<T>(trace: Trace, isInner: boolean, fn: () => T): T {
  const store = storeForNew(trace, isInner);
  trace.isEntered = true;
  trace.sdkContext = activeSdkContext();
  if (store === undefined && enteredStore() === undefined) return active.run(trace, fn);
  // Arguments cost less than a closure.
  return active.run(trace, runInUserStore<T>, store, fn);
}

/**
 * Runs a function in a trace that was entered before, wherever it is called from. Code that is in
 * this trace already stays as it is, in its span and with whatever store its user has made.
 */
export function resumeTrace<T>(trace: Trace, fn: () => T): T {
  const current = currentTrace();
  if (current === trace) return fn();
  return runInTrace(trace, chooseStore(trace, current), fn);
}

/**
 * Whether code runs in this trace. Where it does, the store that its user has made by now is kept:
 * a trace that is resumed from elsewhere, or at the end of the response, goes on with it.
 */
export function runsInTrace(trace: Trace): boolean {
  if (currentTrace() !== trace) return false;
  keepUserStore(trace);
  return true;
}

/** Runs a function in a trace, whether it was entered before or not. */
export function runWithTrace<T>(trace: Trace, fn: () => T): T {
  return trace.isEntered ? resumeTrace(trace, fn) : enterTrace(trace, true, fn);
}

/**
 * Returns a function that runs others in the span that is current now, or in none, wherever it is
 * called: for a callback that is not part of the span which calls it.
 */
export function currentSpanRunner(): RunInSpan {
  const innermost = active.getStore();
  const runWithActive = activeSpanRunner();
  return (fn) => runWithActive(() => active.run(innermost, fn));
}

/** Runs a function in a span. */
export type RunInSpan = <T>(fn: () => T) => T;

/** Runs a function in a span of the current trace. */
export function runWithSpan<T>(span: Span, fn: () => T): T {
  const { sdkSpan } = span;
  const hasSdkSpan = sdkSpan !== undefined;
  const limit = makeStackRoom(hasSdkSpan);
  try {
    if (!hasSdkSpan) return active.run(span, fn);
    return runWithSdkSpan(sdkSpan, () => active.run(span, fn));
  } finally {
    takeStackRoom(limit, hasSdkSpan);
  }
}

/** Runs a function outside any trace: what it does belongs to no request. */
export function runOutsideTrace<T>(fn: () => T): T {
  return active.getStore() === undefined ? fn() : active.run(undefined, fn);
}

/** Where code runs: its trace, and the `nestjs-cls` store that was entered there. */
export interface TraceSnapshot {
  readonly trace: Trace | undefined;
  readonly store: UserStore | undefined;
}

/** The context of code that belongs to no request. */
export const NO_CONTEXT: TraceSnapshot = Object.freeze({ trace: undefined, store: undefined });

/** The context of the running code, to enter it again later. */
export function takeSnapshot(): TraceSnapshot {
  return { trace: currentTrace(), store: enteredStore() };
}

/** Runs a function in a context that was noted before. In the same trace, nothing changes. */
export function runInSnapshot<T>({ trace, store }: TraceSnapshot, fn: () => T): T {
  if (trace === currentTrace()) return fn();
  return runInTrace(trace, store, fn);
}

/** Runs a function as if nothing had called it: in no trace, and without the user's store. */
export function runDetached<T>(fn: () => T): T {
  return active.run(undefined, () => runInUserStore(undefined, fn));
}

function runInTrace<T>(trace: Trace | undefined, store: UserStore | undefined, fn: () => T): T {
  const sdkContext = trace?.sdkContext as SdkContext | undefined;
  if (sdkContext === undefined) return active.run(trace, runInUserStore<T>, store, fn);
  // Spans that are started there must not become children of the calling code's.
  return runInSdkContext(sdkContext, () => active.run(trace, runInUserStore<T>, store, fn));
}
