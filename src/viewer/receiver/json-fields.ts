import { parseJson } from './json-parser.js';
import type { Work } from './slices.js';

/** An object in a body. Its keys are not checked: read only those that are known. */
export type Json = Readonly<Record<string, unknown>>;

/** The properties of OTLP that are read. */
const KEYS: ReadonlySet<string> = new Set([
  ...['resourceSpans', 'scopeSpans', 'spans', 'resourceLogs', 'scopeLogs', 'logRecords'],
  ...['resource', 'scope', 'attributes', 'name', 'key', 'value', 'values'],
  ...['traceId', 'spanId', 'parentSpanId', 'kind', 'startTimeUnixNano', 'endTimeUnixNano'],
  ...['events', 'status', 'code', 'message'],
  ...[
    'timeUnixNano',
    'observedTimeUnixNano',
    'severityNumber',
    'severityText',
    'eventName',
    'body',
  ],
  ...['stringValue', 'boolValue', 'intValue', 'doubleValue', 'arrayValue', 'kvlistValue'],
  'bytesValue',
]);

/**
 * The body as an object.
 *
 * @throws where it is none.
 */
export function* parseBody(body: Uint8Array): Work<Json> {
  return object(yield* parseJson(new TextDecoder().decode(body), KEYS));
}

/** An object, or an empty one where there is none. */
export function record(value: unknown): Json {
  return value === undefined || value === null ? {} : object(value);
}

/** @throws for what is no object. */
export function object(value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed();
  return value as Json;
}

export function list(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw malformed();
  return value as unknown[];
}

/** A text; empty for any other value. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The number of an enumeration, or of one of its names; 0 for any other value. */
export function enumeration(value: unknown, names: ReadonlyMap<unknown, number>): number {
  return typeof value === 'number' ? value : (names.get(value) ?? 0);
}

/** A 64-bit integer, which may be a number or its digits; 0 for any other value. */
export function integer(value: unknown): bigint {
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  return Number.isInteger(value) ? BigInt(value as number) : 0n;
}

function malformed(): Error {
  return new Error('malformed JSON');
}
