import { trimOws } from './trim-ows.js';

const MAX_MEMBERS = 64;
const MAX_BYTES = 8192;

// The key is a token of RFC 9110; the value and its properties are kept as they were received.
const MEMBER = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*=[\x20-\x2b\x2d-\x7e\t]*$/;

/**
 * Reduces a `baggage` header to the members whose keys are allowed. Returns `undefined` if none is
 * left. A caller can put anything into baggage, so only keys that the application allows are
 * forwarded. The limits are those that the specification guarantees: 64 members, 8192 bytes.
 *
 * @see https://www.w3.org/TR/baggage/
 *
 * @example
 * filterBaggage('tenant=acme,email=a%40b.c', new Set(['tenant'])); // 'tenant=acme'
 */
export function filterBaggage(header: unknown, allowed: ReadonlySet<string>): string | undefined {
  if (typeof header !== 'string' || allowed.size === 0 || header.length > MAX_BYTES) {
    return undefined;
  }
  const kept: string[] = [];
  for (const part of header.split(',', MAX_MEMBERS)) {
    const member = trimOws(part);
    const key = MEMBER.exec(member)?.[1];
    if (key !== undefined && allowed.has(key)) kept.push(member);
  }
  return kept.length === 0 ? undefined : kept.join(',');
}
