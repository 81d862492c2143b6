import { integer, list, record, records, text, type Json } from './json-fields.js';
import { MAX_VALUE_DEPTH, type AnyValue } from './otlp-model.js';

/** A list of `KeyValue`. */
export function attributesOf(pairs: unknown): Map<string, AnyValue> {
  return new Map(entriesOf(pairs, 0));
}

/** The value in an `AnyValue`; `null` for an empty one. */
export function anyValueOf(value: unknown, depth = 0): AnyValue {
  const json = record(value);
  for (const [key, read] of READERS) {
    const content = json[key];
    if (content !== undefined && content !== null) return read(content, depth);
  }
  return null;
}

const READERS: readonly (readonly [string, (content: unknown, depth: number) => AnyValue])[] = [
  ['stringValue', text],
  ['boolValue', (content) => content === true],
  ['intValue', int64],
  ['doubleValue', double],
  ['arrayValue', (content, depth) => arrayOf(record(content), depth)],
  ['kvlistValue', (content, depth) => recordOf(record(content), depth)],
  ['bytesValue', text],
];

function int64(content: unknown): number | string {
  const value = integer(content);
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

/** NaN and the infinities are spelled out. */
function double(content: unknown): number {
  return typeof content === 'object' ? NaN : Number(content);
}

function arrayOf({ values }: Json, depth: number): AnyValue {
  if (depth === MAX_VALUE_DEPTH) return null;
  return list(values).map((item) => anyValueOf(item, depth + 1));
}

function recordOf({ values }: Json, depth: number): AnyValue {
  return depth === MAX_VALUE_DEPTH ? null : Object.fromEntries(entriesOf(values, depth + 1));
}

function entriesOf(pairs: unknown, depth: number): [string, AnyValue][] {
  return records(pairs).map(({ key, value }) => [text(key), anyValueOf(value, depth)]);
}
