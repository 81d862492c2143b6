import type { AttributeValue, Attributes } from '@opentelemetry/api';
import { readProperty } from '../records/json-value.js';
import { namesSecret } from '../records/secret-names.js';
import { ownText } from './own-text.js';
import { REDACTED, redactedJson } from './redacted-json.js';

/**
 * Converts an object to attributes: simple values as they are, all others as JSON text. Values must
 * be encodable, since a single one that is not makes the export of the whole batch fail.
 */
export function exportedAttributes(record: object): Attributes {
  const attributes: Attributes = {};
  for (const key of Object.keys(record)) {
    const attribute = exportedField(key, readProperty(record, key));
    if (attribute !== undefined) attributes[ownText(key)] = attribute;
  }
  return attributes;
}

/**
 * Converts a field to an attribute; `undefined` for a value without JSON, such as a function. Secrets
 * are replaced, by the name of the field and by the names inside of its value.
 */
export function exportedField(name: string, value: unknown): AttributeValue | undefined {
  if (value === undefined || value === null || !namesSecret(name)) return exportedValue(value);
  return REDACTED;
}

function exportedValue(value: unknown): AttributeValue | undefined {
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
      const json = redactedJson(value);
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
