import type { AnyValue } from '@opentelemetry/api-logs';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

/** About what a record takes up besides its text: its objects, ids and times. */
const RECORD = 512;
/** About what a value takes up besides its text: its place in an object, a number, a header. */
const VALUE = 64;
/** Up to here, a string counts as two bytes for each character, without a look at the characters. */
const SHORT = 128;
/** Exported values are flat, so this is never reached; what lies deeper counts as one value. */
const MAX_DEPTH = 8;

/**
 * About how many bytes of memory a log record holds. An estimate that is cheap, and that grows with
 * everything that callers can make large: texts, the names of fields and their number.
 */
export function bytesOfLog({ body, attributes, eventName }: ReadableLogRecord): number {
  return RECORD + bytesOf(body, 0) + bytesOf(eventName, 0) + bytesOf(attributes, 0);
}

/** About how many bytes of memory a span holds. */
export function bytesOfSpan({ name, attributes, events, links, status }: ReadableSpan): number {
  let bytes = RECORD + bytesOfString(name) + bytesOf(status.message, 0) + bytesOf(attributes, 0);
  for (const event of events) bytes += bytesOfString(event.name) + bytesOf(event.attributes, 0);
  for (const link of links) bytes += VALUE + bytesOf(link.attributes, 0);
  return bytes;
}

/** Also takes `null` and `undefined` items, which lists of attributes may have. */
function bytesOf(
  value: AnyValue | readonly (AnyValue | null | undefined)[],
  depth: number,
): number {
  if (typeof value === 'string') return VALUE + bytesOfString(value);
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return VALUE;
  if (ArrayBuffer.isView(value)) return VALUE + value.byteLength;
  let bytes = VALUE;
  if (Array.isArray(value)) {
    for (const item of value) bytes += bytesOf(item, depth + 1);
  } else {
    for (const key of Object.keys(value)) {
      bytes += bytesOfString(key) + bytesOf(readAttribute(value, key), depth + 1);
    }
  }
  return bytes;
}

function readAttribute(attributes: object, key: string): AnyValue {
  return (attributes as Readonly<Record<string, AnyValue>>)[key];
}

/** A string has one or two bytes for each character; of a long one, UTF-8 says which. */
function bytesOfString(text: string): number {
  return text.length <= SHORT ? 2 * text.length : Buffer.byteLength(text);
}
