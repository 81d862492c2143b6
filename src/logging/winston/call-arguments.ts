import { isError, readProperty } from '../../records/json-value.js';
import { UNFORMATTED, type CapturedEntry } from './captured-entry.js';
import { entryError } from './entry-error.js';
import { isPlainObject } from './plain-object.js';
import { fillPlaceholders, hasPlaceholder } from './placeholders.js';
import { fieldsOf } from './to-json.js';
import { SPLAT } from './winston-symbols.js';

const acceptsAll = (): boolean => true;

/**
 * Applies the arguments of a winston call that follow its message, as winston's own `splat()` does:
 * those for which the message has placeholders go into the message, other objects become fields. What
 * is neither is appended, and an object in front of the message becomes fields, as in pino.
 *
 * @see https://github.com/winstonjs/winston#string-interpolation
 */
export function applyArguments(entry: CapturedEntry): void {
  const args = entry[SPLAT];
  if (!Array.isArray(args) || args.length === 0) return;
  const { message, [UNFORMATTED]: unformatted = message } = entry;
  // A format has applied them.
  if (message !== unformatted) return;
  entry[UNFORMATTED] = message;
  let rest: readonly unknown[] = args;
  if (typeof message !== 'string' && typeof args[0] === 'string') {
    if (isError(message)) entry['error'] ??= message;
    else if (isPlainObject(message)) addFields(entry, message);
    else return;
    entry.message = args[0];
    rest = args.slice(1);
  }
  const template = entry.message;
  let used = 0;
  if (typeof template === 'string' && rest.length > 0 && hasPlaceholder(template)) {
    const filled = fillPlaceholders(template, rest, acceptsAll);
    entry.message = filled.text;
    used = filled.used;
  }
  for (const value of rest.slice(used)) addArgument(entry, value);
  // The entry says by itself what it is about if the error is not the first argument.
  const error = rest.find((value) => isError(value));
  if (error !== undefined && entryError(entry) === undefined) entry['error'] ??= error;
}

function addArgument(entry: CapturedEntry, value: unknown): void {
  if (value === undefined || value === null || typeof value === 'function' || isError(value))
    return;
  if (typeof value === 'object') {
    const fields = fieldsOf(value);
    if (typeof fields === 'object') addFields(entry, fields);
    else entry.message = `${String(entry.message)} ${fields}`;
  } else {
    entry.message = `${String(entry.message)} ${String(value)}`;
  }
}

/** Fields that the entry has already are those of an argument that winston has added itself. */
function addFields(entry: CapturedEntry, fields: object): void {
  for (const key of Object.keys(fields)) {
    if (!Object.hasOwn(entry, key) && key !== '__proto__') entry[key] = readProperty(fields, key);
  }
}
