import { readProperty } from './error-fields.js';
import type { Redaction } from './redaction.js';

/** Node's `rawHeaders`, undici's `headers`: names and values by turns. */
export const FLAT_HEADERS = /headers$/i;

export type Pair = readonly [name: string, value: unknown];

/** `['authorization', 'Bearer …']` among the entries of headers or of a map. */
export function isSecretPair(item: unknown, redaction: Redaction, isEntry: boolean): item is Pair {
  if (!Array.isArray(item) || item.length !== 2) return false;
  const [name, value] = item as readonly unknown[];
  if (typeof name !== 'string' || !(isEntry || typeof value === 'string')) return false;
  return redaction.hides(name, value);
}

/** `{ name: 'authorization', value: 'Bearer …' }`. */
export function isNamedSecret(record: object, value: unknown, redaction: Redaction): boolean {
  const name = readProperty(record, 'name') ?? readProperty(record, 'key');
  return typeof name === 'string' && redaction.hides(name, value);
}
