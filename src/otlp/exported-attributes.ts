import type { AttributeValue, Attributes } from '@opentelemetry/api';
import { readProperty } from '../records/json-value.js';
import { JsonWriter } from '../records/json-writer.js';
import { DEFAULT_MAX_ENTRY_BYTES } from '../records/line-limits.js';
import { NO_REDACTION, redactedField, type Redaction } from '../records/redaction.js';
import { ownText } from './own-text.js';

/**
 * Converts an object to attributes: simple values as they are, all others as JSON text. Values must
 * be encodable, since a single one that is not makes the export of the whole batch fail.
 */
export function exportedAttributes(record: object, redaction: Redaction): Attributes {
  const attributes: Attributes = {};
  for (const key of Object.keys(record)) {
    const value = redactedAttribute(key, readProperty(record, key), redaction);
    const attribute = exportedValue(value, key, redaction);
    if (attribute !== undefined) attributes[ownText(key)] = attribute;
  }
  return attributes;
}

/**
 * The value of an attribute, or what is exported instead. The name of an attribute is that of a field,
 * and its parts are the path to it: `paths: ['user.card']` is about the attribute `user.card`.
 */
export function redactedAttribute(name: string, value: unknown, redaction: Redaction): unknown {
  if (redaction.hides(name, value)) return redaction.replacement(value, [name]);
  const asField = redactedField(redaction, [name], value);
  if (asField !== value || !name.includes('.')) return asField;
  return redactedField(redaction, name.split('.'), value);
}

/**
 * Converts a value to that of an attribute; `undefined` for one without JSON, such as a function.
 *
 * @param name the name of its field.
 * @param redaction for what is inside of it. Default: it is redacted already.
 */
export function exportedValue(
  value: unknown,
  name = '',
  redaction: Redaction = NO_REDACTION,
): AttributeValue | undefined {
  switch (typeof value) {
    case 'string':
      return ownText(value);
    case 'boolean':
      return value;
    case 'number':
      return isEncodable(value) ? value : String(value);
    case 'bigint':
      return String(value);
    default: {
      const json = new JsonWriter(redaction, DEFAULT_MAX_ENTRY_BYTES, true).member(name, value);
      return json === undefined ? undefined : ownText(json);
    }
  }
}

/**
 * Whether a number can be sent as one. JSON has neither NaN nor infinity, and a collector reads
 * integers as 64 bits.
 */
function isEncodable(value: number): boolean {
  return Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
}
