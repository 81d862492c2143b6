import { jsonValue } from '../logs/json-value.js';

/** Characters of one field. */
export const MAX_FIELD = 4096;

/** A value that is nobody else's, that JSON can say, and of which many may be kept. */
export function plainValue(value: unknown): unknown {
  if (typeof value === 'string') return cut(value, MAX_FIELD);
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  const json = jsonValue(value);
  if (json === undefined) return undefined;
  return json.length > MAX_FIELD ? cut(json, MAX_FIELD) : (JSON.parse(json) as unknown);
}

/** A text that is no longer than it may be. */
export function cut(text: string, limit: number): string {
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}
