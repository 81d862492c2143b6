import { errorFields, isError, readProperty } from '../../records/json-value.js';
import { DEFAULT_LINE_LIMITS, type LineLimits } from '../../records/line-limits.js';
import { LINE_LIMITS, MAX_FIELDS, UNFORMATTED, type CapturedEntry } from './captured-entry.js';
import { entryError } from './entry-error.js';
import { isPlainObject } from './plain-object.js';
import { fillPlaceholders, fillsPlaceholder, hasPlaceholder } from './placeholders.js';
import { fieldsOf, thrownText } from './to-json.js';
import { SPLAT } from './winston-symbols.js';

/**
 * Applies the arguments of a winston call that follow its message, as winston's own `splat()` does:
 * those for which the message has placeholders go into the message, other objects become fields. What
 * is neither is appended, and an object in front of the message becomes fields, as in pino.
 *
 * @see https://github.com/winstonjs/winston#string-interpolation
 */
export function applyArguments(
  entry: CapturedEntry,
  limits: LineLimits = entry[LINE_LIMITS] ?? DEFAULT_LINE_LIMITS,
): void {
  const args = entry[SPLAT];
  if (!Array.isArray(args) || args.length === 0) return;
  const { message, [UNFORMATTED]: unformatted = message } = entry;
  // A format has applied them.
  if (message !== unformatted) return;
  entry[UNFORMATTED] = message;
  let rest: readonly unknown[] = args;
  const others: unknown[] = [];
  if (typeof message !== 'string' && typeof args[0] === 'string') {
    if (isError(message)) entry['error'] ??= message;
    else if (isPlainObject(message)) addFields(entry, message);
    else if (typeof message === 'object' && message !== null) others.push(message);
    else if (message !== undefined && message !== null) return;
    entry.message = args[0];
    rest = args.slice(1);
  }
  const template = entry.message;
  let used = 0;
  if (typeof template === 'string' && rest.length > 0 && hasPlaceholder(template)) {
    const filled = fillPlaceholders(template, rest, fillsPlaceholder, limits);
    entry.message = filled.text;
    used = filled.used;
  }
  for (const value of rest.slice(used)) addArgument(entry, value, others);
  // The entry says by itself what it is about if the error is not the first argument.
  const error = rest.find((value) => isError(value));
  if (error !== undefined && entryError(entry) === undefined) entry['error'] ??= error;
  const subject = entryError(entry);
  for (const value of rest.slice(used)) {
    if (isError(value) && value !== subject) others.push(errorFields(value));
  }
  if (others.length > 0 && entry['args'] === undefined) entry['args'] = others;
}

/** @param others gets what has no fields, and is no text. */
function addArgument(entry: CapturedEntry, value: unknown, others: unknown[]): void {
  if (value === undefined || value === null || typeof value === 'function' || isError(value))
    return;
  if (typeof value !== 'object') {
    entry.message = `${String(entry.message)} ${String(value)}`;
    return;
  }
  try {
    const fields = fieldsOf(value);
    if (typeof fields !== 'object') {
      if (fields !== undefined) entry.message = `${String(entry.message)} ${String(fields)}`;
    } else if (fields === null || (!isPlainObject(fields) && Object.keys(fields).length === 0)) {
      others.push(fields);
    } else {
      addFields(entry, fields);
    }
  } catch (error) {
    // A proxy that was revoked, or whose traps throw.
    others.push(thrownText(error));
  }
}

/** Fields that the entry has already are those of an argument that winston has added itself. */
function addFields(entry: CapturedEntry, fields: object): void {
  const keys = Object.keys(fields);
  const count = Math.min(keys.length, MAX_FIELDS);
  for (let i = 0; i < count; i++) {
    const key = keys[i]!;
    if (Object.hasOwn(entry, key) || key === '__proto__') continue;
    const value = readProperty(fields, key);
    if (key === 'toJSON' && typeof value === 'function') continue;
    // A transport leaves an entry with this mark to winston's exception handlers.
    if (key === 'exception' && value === true) entry['_exception'] ??= value;
    else entry[key] = value;
  }
}
