import type { AttributeValue, Attributes } from '@opentelemetry/api';
import { jsonValue, readProperty } from '../records/json-value.js';

/**
 * A record as attributes: simple values as they are, all others as JSON. One value that cannot be
 * encoded would cost the whole batch.
 */
export function exportedAttributes(
  record: object,
  isKept: (key: string, value: unknown) => boolean = () => true,
): Attributes {
  const attributes: Attributes = {};
  for (const key of Object.keys(record)) {
    const value = readProperty(record, key);
    if (!isKept(key, value)) continue;
    const attribute = exportedValue(value);
    if (attribute !== undefined) attributes[key] = attribute;
  }
  return attributes;
}

function exportedValue(value: unknown): AttributeValue | undefined {
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
