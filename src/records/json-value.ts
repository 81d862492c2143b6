import { types } from 'node:util';
import { quoteJson } from './control-characters.js';

/** The maximum depth. Of a deeper value only the class name is written. */
const MAX_DEPTH = 16;

/**
 * Formats any value as JSON, and never throws. It also handles what makes `JSON.stringify` throw
 * (cycles, BigInt, a getter or `toJSON` that throws), and what that writes as an empty object
 * (errors, maps, sets). Returns `undefined` for values that JSON omits: `undefined`, functions and
 * symbols.
 */
export function jsonValue(value: unknown): string | undefined {
  return write(value);
}

function write(value: unknown, ancestors?: object[]): string | undefined {
  return typeof value === 'object' && value !== null
    ? writeObject(value, ancestors)
    : writeSimple(value);
}

function writeSimple(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return quoteJson(value);
    case 'number':
      return Number.isFinite(value) ? String(value) : 'null';
    case 'boolean':
      return value ? 'true' : 'false';
    case 'bigint':
      return `"${value}"`;
    case 'object':
      return 'null';
    default:
      return undefined;
  }
}

function writeObject(value: object, ancestors: object[] = []): string | undefined {
  if (ancestors.includes(value)) return '"[Circular]"';
  ancestors.push(value);
  try {
    if (ancestors.length > MAX_DEPTH) return quoteJson(`[${nameOf(value)}]`);
    if (isError(value)) return writeRecord(errorFields(value), ancestors);
    if (ArrayBuffer.isView(value)) return quoteJson(`[${nameOf(value)}(${value.byteLength})]`);
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === 'function') {
      const json: unknown = toJSON.call(value);
      return json === value ? writeContents(value, ancestors) : write(json, ancestors);
    }
    return writeContents(value, ancestors);
  } catch (error) {
    return quoteJson(`[Threw: ${messageOf(error)}]`);
  } finally {
    ancestors.pop();
  }
}

function writeContents(value: object, ancestors: object[]): string {
  if (Array.isArray(value)) return writeList(value, ancestors);
  if (types.isRegExp(value)) return quoteJson(String(value));
  if (types.isBoxedPrimitive(value)) return write(value.valueOf(), ancestors) ?? 'null';
  if (value instanceof Set) return writeList([...value], ancestors);
  if (value instanceof Map) return writeMap(value, ancestors);
  return writeRecord(value, ancestors);
}

/** As an object; as a list of pairs where that would lose entries or what their keys are. */
function writeMap(map: ReadonlyMap<unknown, unknown>, ancestors: object[]): string {
  const entries = [...map];
  const names = new Set(entries.map(([key]) => (isSimpleKey(key) ? String(key) : undefined)));
  if (names.size < entries.length || names.has(undefined)) return writeList(entries, ancestors);
  const named = entries.map(([key, item]) => [String(key), item] as const);
  return writeRecord(Object.fromEntries(named), ancestors);
}

function isSimpleKey(key: unknown): boolean {
  return (typeof key !== 'object' && typeof key !== 'function') || key === null;
}

function writeList(list: readonly unknown[], ancestors: object[]): string {
  // Unlike `map`, `Array.from` also visits the holes of a sparse array.
  const items = Array.from(list, (item) => write(item, ancestors) ?? 'null');
  return `[${items.join(',')}]`;
}

function writeRecord(record: object, ancestors: object[]): string {
  let json = '';
  for (const key of Object.keys(record)) {
    const value = write(readProperty(record, key), ancestors);
    if (value !== undefined) json += `${json === '' ? '' : ','}${quoteJson(key)}:${value}`;
  }
  return `{${json}}`;
}

/** The value of a property, or the text `[Threw: …]` if its getter throws. */
export function readProperty(record: object, key: string | symbol): unknown {
  try {
    return (record as Record<string | symbol, unknown>)[key];
  } catch (error) {
    return `[Threw: ${messageOf(error)}]`;
  }
}

/** Whether a value is an error, also one of another realm, such as a test runner or `node:vm`. */
export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error || types.isNativeError(value);
  } catch {
    // A proxy that was revoked, or whose trap throws.
    return false;
  }
}

/**
 * The fields of an error, including those that `JSON.stringify` omits. Own fields are included only
 * if their values are not objects, or are ones that JSON writes as a simple value, such as a date:
 * HTTP clients attach the whole request to their errors, with its credentials.
 */
export function errorFields(error: Error): Record<string, unknown> {
  const fields: Record<string, unknown> = {
    name: readProperty(error, 'name'),
    message: readProperty(error, 'message'),
    stack: readProperty(error, 'stack'),
  };
  for (const key of ['cause', 'errors']) {
    if (key in error) fields[key] = readProperty(error, key);
  }
  for (const key of Object.keys(error)) {
    const value = readProperty(error, key);
    // A `toJSON` of its own would decide what is written of it.
    if (typeof value === 'function') continue;
    const simple = value !== null && typeof value === 'object' ? toSimpleJson(value) : value;
    if (simple !== undefined) fields[key] ??= simple;
  }
  return fields;
}

/** What the `toJSON` of an object returns, if that is no object. */
function toSimpleJson(value: object): unknown {
  try {
    const { toJSON } = value as { toJSON?: unknown };
    const json: unknown = typeof toJSON === 'function' ? toJSON.call(value) : undefined;
    return typeof json === 'object' ? undefined : json;
  } catch (error) {
    return `[Threw: ${messageOf(error)}]`;
  }
}

function messageOf(error: unknown): string {
  return isError(error) ? String(readProperty(error, 'message')) : typeof error;
}

function nameOf(value: object): string {
  return Array.isArray(value) ? 'Array' : (value.constructor?.name ?? 'Object');
}
