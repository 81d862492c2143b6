import type { AttributeValue, Attributes } from '@opentelemetry/api';
import { jsonValue, readProperty } from '../records/json-value.js';

/**
 * Converts an object to attributes: simple values as they are, all others as JSON text. Values must
 * be encodable, since a single one that is not makes the export of the whole batch fail.
 */
export function exportedAttributes(record: object): Attributes {
  const attributes: Attributes = {};
  for (const key of Object.keys(record)) {
    const attribute = exportedValue(readProperty(record, key));
    if (attribute !== undefined) attributes[key] = attribute;
  }
  return attributes;
}

/** Converts a value to an attribute; `undefined` for one without JSON, such as a function. */
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

/**
 * Whether a number can be sent as one. JSON has neither NaN nor infinity, and a collector reads
 * integers as 64 bits.
 */
function isEncodable(value: number): boolean {
  return Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
}
