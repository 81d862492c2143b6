import type { CapturedEntry } from './captured-entry.js';
import { errorFields, isError, jsonValue, readProperty } from '../../records/json-value.js';
import { errorOf } from './spelled-out.js';
import { SPLAT } from './winston-symbols.js';

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
export function repeatsError(error: Error, key: string, value: unknown): boolean {
  if (key === 'error' || key === 'err') return errorOf(value) === error;
  if (key === 'stack') return value === readProperty(error, key);
  // What of an error's own fields is not written of it: the request of an HTTP client, a configuration.
  if (isHidden(error, key, value)) return true;
  if (key !== 'cause') return false;
  const cause = readProperty(error, key);
  return value === cause || (cause !== undefined && errorOf(value) === cause);
}

/** Whether winston has copied a field from an error that is an object, and so is not written of it. */
function isHidden(error: Error, key: string, value: unknown): boolean {
  if (typeof value !== 'object' || value === null || key === 'errors' || key === 'cause')
    return false;
  return (
    Object.hasOwn(error, key) &&
    readProperty(error, key) === value &&
    !Object.hasOwn(errorFields(error), key)
  );
}

/** The message of an entry as a string. */
export function entryMessage(entry: CapturedEntry): string {
  const { message } = entry;
  if (typeof message === 'string') return message;
  if (message === undefined || message === null) return '';
  try {
    if (isError(message)) return `${message.message}`;
    return typeof message === 'object' ? (jsonValue(message) ?? '') : String(message);
  } catch {
    return '[unreadable]';
  }
}
