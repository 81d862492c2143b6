import { isError, readProperty } from '../../records/json-value.js';
import { SPLAT } from './winston-symbols.js';

/**
 * What an object says of itself with `toJSON()`: other fields, or a text. The object itself where it
 * has none, and a text where it throws.
 */
export function fieldsOf(value: object): object | string {
  const toJson = readProperty(value, 'toJSON');
  try {
    const json: unknown =
      typeof toJson === 'function' && !isError(value) ? toJson.call(value) : value;
    if (typeof json !== 'object' || json === null) return String(json);
    Object.keys(json);
    return json;
  } catch (error) {
    return `[Threw: ${isError(error) ? String(readProperty(error, 'message')) : typeof error}]`;
  }
}

/**
 * winston adds the properties of the first object behind the message to the entry, without asking
 * its `toJSON()`. Puts what that says in their place.
 */
export function honourToJson(entry: Record<string | symbol, unknown>): void {
  const args = entry[SPLAT];
  const meta: unknown = Array.isArray(args) ? args[0] : undefined;
  if (typeof meta !== 'object' || meta === null || isError(meta)) return;
  if (typeof readProperty(meta, 'toJSON') !== 'function') return;
  const fields = fieldsOf(meta);
  for (const key of Object.keys(meta)) {
    if (key !== 'level' && entry[key] === readProperty(meta, key)) delete entry[key];
  }
  if (typeof fields !== 'object') return;
  for (const key of Object.keys(fields)) {
    if (!Object.hasOwn(entry, key) && key !== '__proto__') entry[key] = readProperty(fields, key);
  }
}
