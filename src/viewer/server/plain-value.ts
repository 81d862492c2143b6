import { jsonValue } from '../../records/json-value.js';
import { cut, MAX_TEXT } from './text-limits.js';

/** A copy of a value as plain JSON, and short enough that many of them can be kept. */
export function plainValue(value: unknown): unknown {
  if (typeof value === 'string') return cut(value, MAX_TEXT);
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  const json = jsonValue(value);
  if (json === undefined) return undefined;
  return json.length > MAX_TEXT ? cut(json, MAX_TEXT) : (JSON.parse(json) as unknown);
}
