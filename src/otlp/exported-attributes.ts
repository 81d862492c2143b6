import type { AttributeValue, Attributes } from '@opentelemetry/api';
import { jsonValue, readProperty } from '../records/json-value.js';

/**
 * A record as attributes: simple values as they are, all others as JSON. One value that cannot be
 * encoded would cost the whole batch.
 */
export function exportedAttributes(record: object): Attributes {
  const attributes: Attributes = {};
  for (const key of Object.keys(record)) {
    const attribute = exportedValue(readProperty(record, key));
    if (attribute !== undefined) attributes[key] = attribute;
  }
  return attributes;
}

/** A value as an attribute; `undefined` for one that has no text, such as a function. */
export function exportedValue(value: unknown): AttributeValue | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return isEncodable(value) ? value : String(value);
    case 'bigint':
      return String(value);
    default:
      return jsonValue(value);
  }
}

/** JSON has no NaN, and a collector reads an integer as one of 64 bits. */
function isEncodable(value: number): boolean {
  return Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
}
