import { trimOws } from './trim-ows.js';

const MAX_MEMBERS = 32;
/** The specification asks for at least 512 characters; more are kept, up to this limit. */
const MAX_LENGTH = 8192;

// key   = ( lcalpha / DIGIT ) 0*255( lcalpha / DIGIT / "_" / "-" / "*" / "/" / "@" )
const KEY = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/;
// value = 0*255( chr ) nblk-chr, where chr is any printable ASCII but "," and "="
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * Validates a `tracestate` header and returns it in its shortest form: without empty members and
 * optional white space, and with each key once (the first, which is the most recent). Returns
 * `undefined` if a member is malformed, if there are more than 32, or if none is left: an invalid
 * `tracestate` is dropped as a whole, and the trace continues without it.
 *
 * @see https://www.w3.org/TR/trace-context-2/#tracestate-header
 *
 * @example
 * parseTracestate('congo=t61rcWkgMzE , rojo=00f067aa0ba902b7'); // 'congo=t61rcWkgMzE,rojo=00f067aa0ba902b7'
 * parseTracestate('Congo=1');                                   // undefined
 */
export function parseTracestate(header: unknown): string | undefined {
  if (typeof header !== 'string' || header.length > MAX_LENGTH) return undefined;
  const members = new Map<string, string>();
  let count = 0;
  for (const part of header.split(',')) {
    const member = trimOws(part);
    if (member === '') continue;
    if (++count > MAX_MEMBERS) return undefined;
    const separator = member.indexOf('=');
    const key = member.slice(0, separator);
    if (separator < 1 || !KEY.test(key) || !VALUE.test(member.slice(separator + 1))) {
      return undefined;
    }
    if (!members.has(key)) members.set(key, member);
  }
  return members.size === 0 ? undefined : [...members.values()].join(',');
}
