import { currentTrace } from '../../context/active-trace.js';
import {
  NO_CONTEXT,
  runInSnapshot,
  takeSnapshot,
  type TraceSnapshot,
} from '../../context/trace-store.js';
import { sharedState } from '../../records/shared-state.js';

/** The origin of an object that several requests publish, such as a constant: not known. */
const AMBIGUOUS = null;

const origins = sharedState(
  'event-origins',
  () => new WeakMap<object, TraceSnapshot | typeof AMBIGUOUS>(),
);

/** Whether it is known where a value comes from. */
export function isRemembered(value: unknown): boolean {
  return isRememberable(value) && origins.has(value);
}

/** Remembers that a value comes from the running code. */
export function rememberOrigin(value: unknown): void {
  if (!isRememberable(value)) return;
  const known = origins.get(value);
  if (known === undefined) origins.set(value, takeSnapshot());
  else if (known !== AMBIGUOUS && known.trace !== currentTrace()) origins.set(value, AMBIGUOUS);
}

/** Runs a function in the context that a value comes from; in this one, if that is not known. */
export function runAtOrigin<T>(value: unknown, fn: () => T): T {
  const origin = originOf(value);
  return origin === undefined ? fn() : runInSnapshot(origin, fn);
}

function originOf(value: unknown): TraceSnapshot | undefined {
  if (!isRememberable(value)) return undefined;
  if (origins.has(value)) return origins.get(value) ?? undefined;
  return Array.isArray(value) ? originOfBatch(value) : undefined;
}

/** What was gathered from several requests belongs to none of them. */
function originOfBatch(values: readonly unknown[]): TraceSnapshot | undefined {
  let common: TraceSnapshot | undefined;
  for (const value of values) {
    const origin = originOf(value);
    if (origin === undefined) continue;
    if (common !== undefined && common.trace !== origin.trace) return NO_CONTEXT;
    common = origin;
  }
  return common;
}

/** Whether a value has an identity, unlike a string or a number. */
function isRememberable(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
