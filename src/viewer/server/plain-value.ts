import { jsonValue } from '../../records/json-value.js';
import { shownValue } from '../shown-values.js';
import { cut, MAX_TEXT } from './text-limits.js';

/**
 * A copy of a field as plain JSON, and short enough that many of them can be kept; `undefined` for one
 * that is hidden.
 */
export function plainValue(name: string, value: unknown): unknown {
  return shortValue(shownValue(name, plainJson(value)));
}

/** The same for a field whose name says that it may be shown. */
export function simpleOrJson(value: unknown): unknown {
  return shortValue(plainJson(value));
}

function shortValue(value: unknown): unknown {
  if (typeof value === 'string') return cut(value, MAX_TEXT);
  if (typeof value !== 'object' || value === null) return value;
  const json = JSON.stringify(value);
  return json.length > MAX_TEXT ? cut(json, MAX_TEXT) : value;
}

function plainJson(value: unknown): unknown {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value;
  }
  const json = jsonValue(value);
  return json === undefined ? undefined : (JSON.parse(json) as unknown);
}
