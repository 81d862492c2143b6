import { B3_COMPANIONS, formatCloudHeader } from '../trace/cloud-headers.js';
import { isCopied, staysWithTrustedHost } from '../trace/copied-headers.js';
import { DEBUG_LEVEL_HEADER } from '../trace/debug-level.js';
import { W3C_HEADERS } from '../trace/propagation.js';
import { FLAG_SAMPLED } from '../trace/traceparent.js';
import type { ClientCall } from './client-call.js';

const OWN: readonly string[] = ['x-request-id', 'x-session-id'];
const B3_TRACE_ID = 'x-b3-traceid';

/**
 * Decides on a header that is set after a call was made. Returns the value to set: for a copied one
 * that of this request, or `undefined` where the host may not have it.
 */
type Check = <T extends number | string | readonly string[]>(
  name: string,
  value: T,
) => T | string | undefined;

/** Makes such a check; `undefined` where the request came with nothing that could be copied. */
export function copiedLater(call: ClientCall): Check | undefined {
  const { trace, headers, spanId, ifTrusted } = call;
  const sources = new Map(trace.policy.idHeaders.map((header) => [header.name, header]));
  const b3 = sources.has(B3_TRACE_ID) ? [B3_TRACE_ID, ...B3_COMPANIONS] : [];
  const proofs = trace.policy.debugKey === undefined ? [] : [DEBUG_LEVEL_HEADER];
  const names = new Set(
    [...OWN, ...proofs, ...W3C_HEADERS, ...sources.keys(), ...b3].filter(
      (name) => trace.received(name) !== undefined,
    ),
  );
  if (names.size === 0) return undefined;
  const isSampled = (trace.origin.flags & FLAG_SAMPLED) !== 0;
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
    // Another tracer may continue a trusted trace under the same id, with a span of its own. Its
    // headers are set one by one, so that those which were copied cannot be known.
    if (b3.includes(key) && trace.origin.isTrusted) return value;
    const source = sources.get(key);
    if (source === undefined ? b3.includes(key) : source.id === undefined) {
      return formatCloudHeader(key, trace.w3cTraceId, spanId, isSampled);
    }
    if (source?.id === undefined) return headers[key];
    const stays = staysWithTrustedHost(trace, text);
    if (call.isTrusted) return stays ? value : trace[source.id];
    const own = stays ? text : trace[source.id];
    // It is added once the connection is known.
    if (ifTrusted !== undefined && own !== undefined) ifTrusted[key] = own;
    return undefined;
  };
}
