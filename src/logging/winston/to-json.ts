import { isError, readProperty } from '../../records/json-value.js';
import { SPLAT } from './winston-symbols.js';

/**
 * What an object says of itself with `toJSON()`, or the object itself where it has none. Where that
 * throws, it is a field that says so: an argument that cannot be read costs itself alone.
 */
export function fieldsOf(value: object): unknown {
  const toJson = readProperty(value, 'toJSON');
  if (typeof toJson !== 'function' || isError(value)) return value;
  try {
    return toJson.call(value) as unknown;
  } catch (error) {
    return { toJSON: thrownText(error) };
  }
}

/** What is written in place of a value that throws when it is read. */
export function thrownText(error: unknown): string {
  return `[Threw: ${isError(error) ? String(readProperty(error, 'message')) : typeof error}]`;
}

/**
 * winston adds the properties of the first object behind the message to the entry, its `toJSON` among
 * them, without calling it. Puts what that says in their place.
 */
export function honourToJson(entry: Record<string | symbol, unknown>): void {
  if (typeof entry['toJSON'] === 'function') delete entry['toJSON'];
  const args = entry[SPLAT];
  const meta: unknown = Array.isArray(args) ? args[0] : undefined;
  if (typeof meta !== 'object' || meta === null || isError(meta)) return;
  if (typeof readProperty(meta, 'toJSON') !== 'function') return;
  const fields = fieldsOf(meta);
  for (const key of Object.keys(meta)) {
    if (key !== 'level' && entry[key] === readProperty(meta, key)) delete entry[key];
  }
  if (typeof fields !== 'object' || fields === null) return;
  for (const key of Object.keys(fields)) {
    const value = readProperty(fields, key);
    // What says of itself that it is itself would answer for the whole entry, its ids included.
    if (key === 'toJSON' && typeof value === 'function') continue;
    if (!Object.hasOwn(entry, key) && key !== '__proto__') entry[key] = value;
  }
}
