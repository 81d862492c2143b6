import { cutText, fits, simpleJson } from './json-text.js';
import { JsonWriter } from './json-writer.js';
import { DEFAULT_MAX_ENTRY_BYTES } from './line-limits.js';
import { NO_REDACTION, type Redaction } from './redaction.js';

export { errorFields, isError, readProperty } from './error-fields.js';

/**
 * Formats any value as JSON, and never throws. It also handles what makes `JSON.stringify` throw
 * (cycles, BigInt, a getter or `toJSON` that throws), and what that writes as an empty object
 * (errors, maps, sets). Returns `undefined` for values that JSON omits: `undefined`, functions and
 * symbols. The JSON has a limit, by default 64 kB; what is beyond it is cut, and says so.
 */
export function jsonValue(
  value: unknown,
  redaction: Redaction = NO_REDACTION,
  maxBytes: number = DEFAULT_MAX_ENTRY_BYTES,
): string | undefined {
  if (typeof value === 'object' && value !== null) {
    const whole = new JsonWriter(redaction, maxBytes, false);
    const json = whole.root(value);
    if (!whole.isOver && fits(json, maxBytes)) return json;
    return new JsonWriter(redaction, maxBytes, true, whole).root(value);
  }
  if (typeof value === 'string' && value.length > maxBytes) return cutText(value, maxBytes);
  return simpleJson(value);
}
