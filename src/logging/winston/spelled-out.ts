import { types } from 'node:util';
import { isError, jsonValue, readProperty } from '../../records/json-value.js';

/** Deeper than this, an error inside a field is not looked for. */
const MAX_DEPTH = 6;

const errors = new WeakMap<object, Error>();

/**
 * A value in which errors are plain objects: `JSON.stringify`, which other formats and transports
 * use, would write `{}`. A value without an error is returned as it is.
 */
export function spelledOut(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (!holdsError(value, MAX_DEPTH)) return value;
  const plain: unknown = JSON.parse(jsonValue(value) ?? 'null');
  if (isError(value) && typeof plain === 'object' && plain !== null) errors.set(plain, value);
  return plain;
}

/** The error that a value is, also where {@link spelledOut} has replaced it. */
export function errorOf(value: unknown): Error | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return isError(value) ? value : errors.get(value);
}

function holdsError(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (isError(value)) return true;
  if (depth === 0 || ArrayBuffer.isView(value) || types.isProxy(value)) return false;
  if (value instanceof Map || value instanceof Set) return holdsError([...value], depth - 1);
  for (const key of Object.keys(value)) {
    if (holdsError(readProperty(value, key), depth - 1)) return true;
  }
  return false;
}
