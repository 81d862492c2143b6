import { currentScope } from '../../context/trace-store.js';
import type { TraceScope } from '../../trace/trace.js';
import { isError, readProperty } from '../../records/json-value.js';
import { LEVEL, MESSAGE, SPLAT } from './winston-symbols.js';

/** Where an entry keeps the scope of its call. `null`: captured, outside any context. */
export const SCOPE = Symbol.for('nestjs-tracing.v1.scope');
/** Where an entry keeps the time of its call: milliseconds since the Unix epoch. */
export const CALLED_AT = Symbol.for('nestjs-tracing.v1.called-at');
/** The names under which the ids already stand on an entry as plain fields. */
export const INJECTED = Symbol.for('nestjs-tracing.v1.injected');

/** A winston entry on its way through the formats. */
export interface CapturedEntry {
  level: string;
  message: unknown;
  [SCOPE]?: TraceScope | null;
  [CALLED_AT]?: number;
  [INJECTED]?: object;
  [LEVEL]?: string;
  [key: string | symbol]: unknown;
}

/**
 * An entry that is made for one call. It has its symbols from the start: V8 turns an object that
 * gets them behind a dozen fields into a dictionary, which costs more than all else about it.
 */
export class FreshEntry implements CapturedEntry {
  [key: string | symbol]: unknown;
  message: unknown = '';
  [LEVEL]: string;
  [SCOPE]?: TraceScope | null = undefined;
  [CALLED_AT] = 0;
  [MESSAGE]: unknown = undefined;

  constructor(public level: string) {
    this[LEVEL] = level;
  }
}

/**
 * Notes on an entry whose it is. A winston logger is a stream: under backpressure its formats run
 * later, in the context of whichever request made room. So this happens at the call.
 *
 * winston takes an object literal, or an error, as it is. Its owner may log it again while it
 * still waits with the ids of another request, or have frozen it; so it is copied.
 */
export function capture(chunk: object): CapturedEntry {
  const entry = (isUnused(chunk) ? chunk : copyOf(chunk)) as CapturedEntry;
  entry[SCOPE] = currentScope() ?? null;
  entry[CALLED_AT] = Date.now();
  return entry;
}

function isUnused(chunk: object): boolean {
  return chunk instanceof FreshEntry && chunk[CALLED_AT] === 0;
}

function copyOf(chunk: object): object {
  try {
    if (isError(chunk)) return copyOfError(chunk);
    // V8 takes microseconds to add a property to an object that was spread. But only a spread
    // keeps a field of this name a field.
    return Object.hasOwn(chunk, '__proto__') ? { ...chunk } : Object.assign({}, chunk);
  } catch {
    return copyOfUnreadable(chunk);
  }
}

/** A getter throws: each property is read by itself, and says so in its place. */
function copyOfUnreadable(chunk: object): object {
  try {
    const readable = Reflect.ownKeys(chunk).map((key) => [key, readProperty(chunk, key)]);
    return Object.fromEntries(readable) as object;
  } catch {
    // A proxy that does not even tell its keys.
    return { level: 'error', [LEVEL]: 'error', message: '[unreadable]' };
  }
}

function copyOfError(chunk: Error): object {
  // What an error says does not spread. The error itself stands where winston puts one that came
  // behind a message, and formats look for it there.
  const { message, stack, cause } = chunk;
  const copy = Object.assign({}, chunk, { message, stack, [SPLAT]: [chunk] });
  return cause === undefined ? copy : Object.assign(copy, { cause });
}
