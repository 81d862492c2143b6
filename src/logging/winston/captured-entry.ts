import { currentScope } from '../../context/active-trace.js';
import type { LineLimits } from '../../records/line-limits.js';
import type { TraceScope } from '../../trace/trace.js';
import { isError, readProperty } from '../../records/json-value.js';
import { fieldsOf, honourToJson } from './to-json.js';
import { LEVEL, MESSAGE, SPLAT } from './winston-symbols.js';

/** Where an entry keeps the scope of its call. `null`: captured, outside any context. */
export const SCOPE = Symbol.for('nestjs-tracing.v1.scope');
/** Where an entry keeps the time of its call: milliseconds since the Unix epoch. */
export const CALLED_AT = Symbol.for('nestjs-tracing.v1.called-at');
/** The names of the ids that an entry already has as plain fields. */
export const INJECTED = Symbol.for('nestjs-tracing.v1.injected');

/** The message of a call that has arguments behind it, before any format. */
export const UNFORMATTED = Symbol.for('nestjs-tracing.v1.unformatted');

/** What the options of the logger's application say about its lines, if they say anything. */
export const LINE_LIMITS = Symbol.for('nestjs-tracing.v1.line-limits');

/**
 * On an entry that is written although the logger's level would leave it out: the level up to which
 * its transports have to go for it. It is for those that have the logger's most verbose lines.
 */
export const FORCED = Symbol.for('nestjs-tracing.v1.forced');
/** On a recorded entry: which transports had it already, when it was logged. */
export const SEEN = Symbol.for('nestjs-tracing.v1.seen');
/**
 * Streams that know no levels have every entry at once; a transport with a more verbose level than
 * its logger has those up to that level.
 */
export type SeenBy = 'streams' | 'transports';

/** How many fields an entry has: no line has room for more, and each takes time. */
export const MAX_FIELDS = 10_000;

/** A winston entry on its way through the formats. */
export interface CapturedEntry {
  level: string;
  message: unknown;
  [SCOPE]?: TraceScope | null;
  [CALLED_AT]?: number;
  [INJECTED]?: object;
  [UNFORMATTED]?: unknown;
  [LINE_LIMITS]?: LineLimits | undefined;
  [FORCED]?: number;
  [SEEN]?: SeenBy;
  [LEVEL]?: string;
  [key: string | symbol]: unknown;
}

/**
 * An entry that is made for one call. It has its symbols from the start: V8 turns an object that gets
 * them after a dozen fields into a dictionary, which costs more than everything else about it.
 */
export class FreshEntry implements CapturedEntry {
  [key: string | symbol]: unknown;
  message: unknown = '';
  [LEVEL]: string;
  [SCOPE]?: TraceScope | null = undefined;
  [CALLED_AT] = 0;
  [LINE_LIMITS]?: LineLimits | undefined = undefined;
  [MESSAGE]: unknown = undefined;

  constructor(public level: string) {
    this[LEVEL] = level;
  }
}

/**
 * Captures the scope and the time of a call on its entry. A winston logger is a stream: under
 * backpressure its formats run later, in the context of another request. So this has to happen at
 * the call.
 *
 * winston uses an object literal, or an error, as it is. Its owner may log it again while it still
 * waits with the ids of another request, or may have frozen it, so it is copied.
 *
 * @param limits what the options of the logger's application say about its lines.
 */
export function capture(chunk: object, limits?: LineLimits): CapturedEntry {
  const entry = (isUnused(chunk) ? chunk : copyOf(chunk)) as CapturedEntry;
  if (entry[SPLAT] !== undefined) honourToJson(entry);
  entry[SCOPE] = currentScope() ?? null;
  entry[CALLED_AT] = Date.now();
  if (limits !== undefined) entry[LINE_LIMITS] = limits;
  return entry;
}

function isUnused(chunk: object): boolean {
  return chunk instanceof FreshEntry && chunk[CALLED_AT] === 0;
}

function copyOf(chunk: object): object {
  try {
    if (isError(chunk)) return copyOfError(chunk);
    const { toJSON, [SPLAT]: args } = chunk as { toJSON?: unknown; [SPLAT]?: unknown };
    // With arguments it is winston's object, which has copied the `toJSON` of one of them.
    if (typeof toJSON === 'function' && args === undefined) return unreserved(copyOfJson(chunk));
    // V8 takes microseconds to add a property to an object that was spread. But only a spread
    // keeps a field of this name a field.
    const keys = Object.keys(chunk);
    if (keys.length > MAX_FIELDS) return copyOfLarge(chunk, keys);
    return unreserved(
      Object.hasOwn(chunk, '__proto__') ? { ...chunk } : (Object.assign({}, chunk) as object),
    );
  } catch {
    return copyOfUnreadable(chunk);
  }
}

/** The first fields, and how many there are besides. */
function copyOfLarge(chunk: object, keys: string[]): object {
  const omitted = keys.length - MAX_FIELDS;
  keys.length = MAX_FIELDS;
  const names: (string | symbol)[] = [...keys, ...Object.getOwnPropertySymbols(chunk)];
  // winston puts these behind the fields of an argument.
  for (const name of ['level', 'message']) if (!names.includes(name)) names.push(name);
  const fields = names.map((name) => [name, readProperty(chunk, name)] as const);
  const copy = Object.fromEntries(fields) as Record<string, unknown>;
  copy[Object.hasOwn(copy, 'omitted_fields') ? '_omitted_fields' : 'omitted_fields'] = omitted;
  return copy;
}

/**
 * A transport leaves an entry with `exception: true` to winston's exception handlers: a field of the
 * application with this name would cost the entry. What winston has caught itself has a `trace`.
 */
function unreserved(copy: { exception?: unknown; _exception?: unknown; trace?: unknown }): object {
  if (copy.exception !== true || Array.isArray(copy.trace)) return copy;
  copy['_exception'] = true;
  delete copy.exception;
  return copy;
}

/** For an object whose getter throws: each property is read separately, and marked if it throws. */
function copyOfUnreadable(chunk: object): object {
  try {
    const readable = Reflect.ownKeys(chunk).map((key) => [key, readProperty(chunk, key)]);
    return Object.fromEntries(readable) as object;
  } catch {
    // A proxy that throws when its keys are read.
    return { level: 'error', [LEVEL]: 'error', message: '[unreadable]' };
  }
}

function copyOfError(chunk: Error): object {
  // The message and stack of an error are not enumerable. The error itself is put where winston puts
  // one that follows a message, and formats look for it there.
  const { message, stack, cause } = chunk;
  const copy = Object.assign({}, chunk, { message, stack, [SPLAT]: [chunk] });
  return cause === undefined ? copy : Object.assign(copy, { cause });
}

/** winston has set the level on the object that it was given, of which `toJSON()` may not know. */
function copyOfJson(chunk: object): Record<string, unknown> {
  const { level, [LEVEL]: symbol = level, message } = chunk as CapturedEntry;
  const fields = fieldsOf(chunk);
  const said = typeof fields === 'object' ? fields : { message: fields };
  // Its message is not lost where `toJSON()` throws or returns nothing.
  const own = typeof message === 'string' && typeof Object(said).message !== 'string';
  const copy: Record<string, unknown> = {
    ...said,
    ...(own && { message }),
    level,
    [LEVEL]: symbol,
  };
  // What says of itself that it is itself would answer for the copy too, which has the ids.
  if (typeof copy['toJSON'] === 'function') delete copy['toJSON'];
  return copy;
}
