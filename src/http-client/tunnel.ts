import { currentTrace } from '../context/active-trace.js';
import { isTracingSuppressed } from '../context/sdk-spans.js';
import { removeCopied, replaceSources, type HeadersToSend } from '../trace/copied-headers.js';
import { w3cHeaders, type TraceHeaders } from '../trace/propagation.js';
import type { Target } from './call-target.js';
import type { ClientCall } from './client-call.js';

/**
 * Replaces what was copied from the incoming request to a request for a tunnel, which its proxy reads:
 * the W3C headers by those of this request, ids by nothing. No header is added to others: a tunnel is
 * not a call, what goes through it is.
 *
 * @returns by what headers that are set later are judged.
 */
export function openTunnel(
  target: Target,
  sent: HeadersToSend,
  add: (headers: TraceHeaders) => void,
): ClientCall | undefined {
  const trace = currentTrace();
  if (trace?.policy.isTrustedHost === undefined || isTracingSuppressed()) return undefined;
  const { spanId } = trace;
  const headers = w3cHeaders(trace, spanId);
  const hadTraceparent = sent.get('traceparent') !== undefined;
  removeCopied(trace, sent);
  if (hadTraceparent && sent.get('traceparent') === undefined) add(headers);
  add(replaceSources(trace, sent, spanId, false));
  return {
    trace,
    target,
    span: undefined,
    spanId,
    headers,
    isTrusted: false,
    ifTrusted: undefined,
  };
}
