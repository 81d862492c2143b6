import { integer, list, record, records, text, type Json } from './json-fields.js';
import { MAX_VALUE_DEPTH, type AnyValue } from './otlp-data.js';

/** A list of `KeyValue`. */
export function attributesOf(pairs: unknown): Map<string, AnyValue> {
  return new Map(entriesOf(pairs, 0));
}

/** What an `AnyValue` holds; `null` where it holds nothing. */
export function anyValueOf(value: unknown, depth = 0): AnyValue {
  const json = record(value);
  for (const [key, read] of READERS) {
    const held = json[key];
    if (held !== undefined && held !== null) return read(held, depth);
  }
  return null;
}

const READERS: readonly (readonly [string, (held: unknown, depth: number) => AnyValue])[] = [
  ['stringValue', text],
  ['boolValue', (held) => held === true],
  ['intValue', int64],
  ['doubleValue', double],
  ['arrayValue', (held, depth) => arrayOf(record(held), depth)],
  ['kvlistValue', (held, depth) => recordOf(record(held), depth)],
  ['bytesValue', text],
];

function int64(held: unknown): number | string {
  const value = integer(held);
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

/** NaN and the infinities are spelled out. */
function double(held: unknown): number {
  return typeof held === 'object' ? NaN : Number(held);
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
