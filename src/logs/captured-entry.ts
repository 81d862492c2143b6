import { currentScope } from '../context/trace-store.js';
import type { TraceScope } from '../trace/trace.js';

/** Where an entry keeps the scope of its call. `null`: captured, outside any context. */
export const SCOPE = Symbol.for('nestjs-tracing.scope');
/** Where an entry keeps the time of its call: milliseconds since the Unix epoch. */
export const CALLED_AT = Symbol.for('nestjs-tracing.called-at');
/** The names under which the ids already stand on an entry as plain fields. */
export const INJECTED = Symbol.for('nestjs-tracing.injected');

/** A winston entry on its way through the formats. */
export interface CapturedEntry {
  level: string;
  message: unknown;
  [SCOPE]?: TraceScope | null;
  [CALLED_AT]?: number;
  [INJECTED]?: object;
  [key: string | symbol]: unknown;
}

/**
 * Notes on an entry whose it is. A winston logger is a stream: under backpressure its formats run
 * later, in the context of whichever request made room. So this happens at the call.
 *
 * winston takes an object literal as it is. One that is logged again may still wait from the
 * first time, with the ids of another request, and so may a frozen one: both get a copy.
 */
export function capture(chunk: object): CapturedEntry {
  const isTaken = SCOPE in chunk && !(chunk instanceof Error);
  const entry = (isTaken || !Object.isExtensible(chunk) ? { ...chunk } : chunk) as CapturedEntry;
  entry[SCOPE] = currentScope() ?? null;
  entry[CALLED_AT] = Date.now();
  return entry;
}
