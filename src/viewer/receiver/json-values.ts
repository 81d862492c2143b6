import { integer, list, object, record, text, type Json } from './json-fields.js';
import { MAX_RECORD_VALUES, MAX_VALUE_DEPTH, type AnyValue } from './otlp-model.js';

/** How many values may still be read of a record. */
export interface ValueBudget {
  left: number;
}

/** The budget of one record. */
export function valueBudget(): ValueBudget {
  return { left: MAX_RECORD_VALUES };
}

/** A list of `KeyValue`. */
export function attributesOf(pairs: unknown, budget = valueBudget()): Map<string, AnyValue> {
  const attributes = new Map<string, AnyValue>();
  readEntries(pairs, 0, budget, (key, value) => attributes.set(key, value));
  return attributes;
}

/** The value in an `AnyValue`; `null` for an empty one. */
export function anyValueOf(value: unknown, budget = valueBudget(), depth = 0): AnyValue {
  const json = record(value);
  for (const [key, read] of READERS) {
    const content = json[key];
    if (content !== undefined && content !== null) return read(content, budget, depth);
  }
  return null;
}

type ReadContent = (content: unknown, budget: ValueBudget, depth: number) => AnyValue;

const READERS: readonly (readonly [string, ReadContent])[] = [
  ['stringValue', text],
  ['boolValue', (content) => content === true],
  ['intValue', int64],
  ['doubleValue', double],
  ['arrayValue', (content, budget, depth) => arrayOf(record(content), budget, depth)],
  ['kvlistValue', (content, budget, depth) => recordOf(record(content), budget, depth)],
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

function arrayOf({ values }: Json, budget: ValueBudget, depth: number): AnyValue {
  if (depth === MAX_VALUE_DEPTH) return null;
  const items: AnyValue[] = [];
  for (const item of list(values)) {
    if (budget.left-- <= 0) break;
    items.push(anyValueOf(item, budget, depth + 1));
  }
  return items;
}

function recordOf({ values }: Json, budget: ValueBudget, depth: number): AnyValue {
  if (depth === MAX_VALUE_DEPTH) return null;
  const entries: [string, AnyValue][] = [];
  readEntries(values, depth + 1, budget, (key, value) => entries.push([key, value]));
  return Object.fromEntries(entries);
}

function readEntries(
  pairs: unknown,
  depth: number,
  budget: ValueBudget,
  take: (key: string, value: AnyValue) => void,
): void {
  for (const pair of list(pairs)) {
    if (budget.left-- <= 0) return;
    const { key, value } = object(pair);
    take(text(key), anyValueOf(value, budget, depth));
  }
}
