import { isCopied, staysWithTrustedHost } from '../trace/copied-headers.js';
import { W3C_HEADERS } from '../trace/propagation.js';
import type { ClientCall } from './client-call.js';

/**
 * Decides on a header that is set after a call was made. Returns the value to set: for a copied one
 * that of this request, or `undefined` where the host may not have it.
 */
type Check = <T extends number | string | readonly string[]>(
  name: string,
  value: T,
) => T | string | undefined;

/** Makes such a check; `undefined` where the request came with nothing that could be copied. */
export function copiedLater({ trace, headers, isTrusted }: ClientCall): Check | undefined {
  const others = trace.policy.idHeaders.map(({ name }) => name);
  const names = new Set(
    ['x-request-id', 'x-session-id', ...W3C_HEADERS, ...others].filter(
      (name) => trace.received(name) !== undefined,
    ),
  );
  if (names.size === 0) return undefined;
  // Another tracer, which sets its `traceparent` first, passes the received `tracestate` on.
  let isOthers = headers['traceparent'] === undefined;
  return (name, value) => {
    const key = name.toLowerCase();
    const isW3c = W3C_HEADERS.includes(key);
    if (isW3c ? isOthers && key !== 'traceparent' : !names.has(key)) return value;
    const text = Array.isArray(value) ? value.join(', ') : String(value);
    if (!isCopied(trace, key, text)) {
      if (key === 'traceparent') isOthers = true;
      return value;
    }
    // Another tracer may continue the trace under the same id, with a span of its own.
    if (key === 'x-b3-traceid') return value;
    if (others.includes(key) && isTrusted && staysWithTrustedHost(trace, text)) return value;
    return headers[key];
  };
}
