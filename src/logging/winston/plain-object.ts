import { types } from 'node:util';

/** Whether a value is an object literal, or an object without a prototype. Never throws. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  try {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return false;
    if (!types.isProxy(value)) return true;
    // A proxy may throw only here. To list the keys of a large object takes milliseconds.
    Object.keys(value);
    return true;
  } catch {
    return false;
  }
}
