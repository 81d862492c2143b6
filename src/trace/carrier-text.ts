/** Longer values are ignored: no valid id or header is that long. */
const MAX_LENGTH = 8192;

/**
 * The text of a field of a carrier, in whatever form the transport keeps it: a string, its bytes,
 * or a list with one of these. Returns `undefined` for everything else, and for a field that occurs
 * twice.
 */
export function carrierText(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.length === 1 ? carrierText(value[0]) : undefined;
  if (typeof value === 'string') return value.length > MAX_LENGTH ? undefined : value;
  if (!(value instanceof Uint8Array) || value.length > MAX_LENGTH) return undefined;
  return new TextDecoder().decode(value);
}
