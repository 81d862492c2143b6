import { withoutOwnFrames } from '../../records/own-frames.js';
import type { CapturedEntry } from './captured-entry.js';
import { tellsOfFault } from '../../records/fault-fields.js';
import { isError, jsonValue, readProperty } from '../../records/json-value.js';
import { DEFAULT_LINE_LIMITS, type LineLimits } from '../../records/line-limits.js';
import { errorOf } from './spelled-out.js';
import { SPLAT } from './winston-symbols.js';

/** Fields of an entry that are its own, or are compared separately. */
const SHOWN: ReadonlySet<string> = new Set(['level', 'message', 'name', 'cause', 'errors']);

/**
 * The error that an entry is about, in any of the ways in which winston takes one:
 * `error(err)`, `error('text', err)`, `log({ level, message: err })`, or under the key `error`,
 * where `TracingLogger` puts it, or `err`, where users of pino do.
 */
export function entryError(entry: CapturedEntry): Error | undefined {
  const { message } = entry;
  if (typeof message === 'object' && isError(message)) return message;
  const splat = entry[SPLAT];
  if (splat !== undefined && Array.isArray(splat) && isError(splat[0])) return splat[0];
  return errorOf(readProperty(entry, 'error')) ?? errorOf(readProperty(entry, 'err'));
}

/** Whether a field only repeats what the entry's error says: winston copies these from it. */
export function repeatsError(
  entry: CapturedEntry,
  error: Error,
  key: string,
  value: unknown,
): boolean {
  if (key === 'error' || key === 'err') return errorOf(value) === error;
  if (key === 'stack') {
    const stack = readProperty(error, key);
    return value === stack || value === withoutOwnFrames(stack);
  }
  // What of an error's own fields is not written of it: bodies, configurations, rows.
  if (hidesField(entry, error, key, value)) return true;
  if (key !== 'cause') return false;
  const cause = readProperty(error, key);
  return value === cause || (cause !== undefined && errorOf(value) === cause);
}

/**
 * Whether winston has copied a field from an error, of which it is not written. winston copies all
 * fields of an error that follows a message, or that is the entry.
 */
export function hidesField(
  entry: CapturedEntry,
  error: Error,
  key: string,
  value: unknown,
): boolean {
  const args = entry[SPLAT];
  if (!Array.isArray(args) || args[0] !== error) return false;
  if (tellsOfFault(key) || SHOWN.has(key)) return false;
  try {
    const property = Object.getOwnPropertyDescriptor(error, key);
    if (property === undefined) return false;
    // A getter may return another value for each call.
    return property.get !== undefined || Object.is(property.value, value);
  } catch {
    // A proxy whose trap throws.
    return false;
  }
}

/** The message of an entry as a string. One that is an object is written as its fields are. */
export function entryMessage(
  entry: CapturedEntry,
  { redaction, maxBytes }: LineLimits = DEFAULT_LINE_LIMITS,
): string {
  const { message } = entry;
  if (typeof message === 'string') return message;
  if (message === undefined || message === null) return '';
  try {
    if (isError(message)) return `${message.message}`;
    return typeof message === 'object'
      ? (jsonValue(message, redaction, maxBytes) ?? '')
      : String(message);
  } catch {
    return '[unreadable]';
  }
}
