import { types } from 'node:util';
import { isError, jsonValue } from '../../records/json-value.js';

/** How many values inside a field are looked at. */
const MAX_VALUES = 200;
const MAX_DEPTH = 8;

const errors = new WeakMap<object, Error>();

/**
 * A value that `JSON.stringify`, which other formats and transports use, writes as well as our own
 * formats do: it writes an error as `{}`, and throws at a getter that throws and at a revoked proxy.
 * A value that holds none of these is returned as it is.
 */
export function spelledOut(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (!needsSpelling(value, [], { left: MAX_VALUES })) return value;
  const plain: unknown = JSON.parse(jsonValue(value) ?? 'null');
  if (isError(value) && typeof plain === 'object' && plain !== null) errors.set(plain, value);
  return plain;
}

/** The error that a value is, also where {@link spelledOut} has replaced it. */
export function errorOf(value: unknown): Error | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return isError(value) ? value : errors.get(value);
}

function needsSpelling(value: unknown, ancestors: object[], count: { left: number }): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (types.isProxy(value) || isError(value)) return true;
  if (count.left-- <= 0 || ancestors.length >= MAX_DEPTH || ancestors.includes(value)) return false;
  if (ArrayBuffer.isView(value)) return false;
  ancestors.push(value);
  try {
    if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return false;
    const isCollection = value instanceof Map || value instanceof Set;
    const items: Iterable<unknown> = isCollection ? value : Object.keys(value);
    for (const item of items) {
      const inner = isCollection ? item : (value as Record<string, unknown>)[item as string];
      if (needsSpelling(inner, ancestors, count)) return true;
    }
    return false;
  } catch {
    // A getter that throws.
    return true;
  } finally {
    ancestors.pop();
  }
}
