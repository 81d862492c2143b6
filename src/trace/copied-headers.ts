import { B3_COMPANIONS, CLOUD_HEADERS, formatCloudHeader } from './cloud-headers.js';
import { isValidId } from './ids.js';
import { carrierText } from './carrier-text.js';
import { DEBUG_LEVEL_HEADER } from './debug-level.js';
import { W3C_HEADERS, type TraceHeaders } from './propagation.js';
import type { Trace } from './trace.js';
import { FLAG_SAMPLED } from './traceparent.js';

/** The headers of a call or message that is about to be sent. */
export interface HeadersToSend {
  /** All values of a header, joined by commas; `undefined` where there is none. */
  get(name: string): string | undefined;
  remove(name: string): void;
}

/** The headers that carry ids on every call to a trusted host. */
const OWN_HEADERS: readonly string[] = ['x-request-id', 'x-session-id'];
const LISTS: ReadonlySet<string> = new Set([...W3C_HEADERS, ...CLOUD_HEADERS, ...B3_COMPANIONS]);

/**
 * Whether a header has the value that the request or message came with. A proxy has copied it then:
 * it is not one that the application has set.
 */
export function isCopied(trace: Trace, name: string, value: string): boolean {
  const received = trace.received(name);
  if (received === undefined) return false;
  return Array.isArray(received)
    ? received.some((item) => isSame(name, value, carrierText(item)))
    : isSame(name, value, carrierText(received));
}

/** Node joins what was repeated, and a proxy may send the parts again, or only one of them. */
function isSame(name: string, value: string, received: string | undefined): boolean {
  if (received === undefined) return false;
  if (value === received) return true;
  if (!received.includes(',') && !value.includes(',')) return value.trim() === received.trim();
  const [parts, known] = [partsOf(value), partsOf(received)];
  // An id has no comma. A part of any other header is another value.
  if (LISTS.has(name)) return parts.join() === known.join();
  return parts.every((part) => known.includes(part));
}

function partsOf(value: string): string[] {
  return value.split(',').map((part) => part.trim());
}

/**
 * Takes those headers of a call or message that were copied from what the request came with, so
 * that its own are sent in their place: ids of a caller that is not trusted, or that are not valid,
 * do not cross the application. The W3C headers stay with a `traceparent` that was not copied: they
 * are another tracer's.
 */
export function removeCopied(trace: Trace, headers: HeadersToSend): void {
  for (const name of OWN_HEADERS) removeIfCopied(trace, headers, name);
  // It is proof of something, which is not every host's business. Without a key it is not ours.
  if (trace.policy.debugKey !== undefined) removeIfCopied(trace, headers, DEBUG_LEVEL_HEADER);
  const traceparent = headers.get('traceparent');
  if (traceparent !== undefined && !isCopied(trace, 'traceparent', traceparent)) return;
  for (const name of W3C_HEADERS) removeIfCopied(trace, headers, name);
}

function removeIfCopied(trace: Trace, headers: HeadersToSend, name: string): boolean {
  const value = headers.get(name);
  if (value === undefined || !isCopied(trace, name, value)) return false;
  headers.remove(name);
  return true;
}

/**
 * The same for the further headers that ids are taken from. Returns what is to be sent in the place
 * of those that it has removed.
 *
 * @param isTrusted whether the host may have the ids of this request.
 * @param ifTrusted takes what would be sent to a trusted host, where that is only known later.
 */
export function replaceSources(
  trace: Trace,
  headers: HeadersToSend,
  spanId: string,
  isTrusted: boolean,
  ifTrusted?: TraceHeaders,
): TraceHeaders {
  const replaced: TraceHeaders = {};
  for (const header of trace.policy.idHeaders) {
    const { name } = header;
    const value = headers.get(name);
    if (value === undefined || !isCopied(trace, name, value)) continue;
    if (header.id === undefined) {
      replaceCloudHeader(trace, headers, name, spanId, replaced);
      continue;
    }
    const stays = staysWithTrustedHost(trace, value);
    if (isTrusted && stays) continue;
    headers.remove(name);
    const own = stays ? value : trace[header.id];
    const sent = isTrusted ? replaced : ifTrusted;
    if (own !== undefined && sent !== undefined) sent[name] = own;
  }
  return replaced;
}

/**
 * Whether a copied header of another name stays as it is: what a trusted caller says to a trusted
 * host may mean something else to that host.
 */
export function staysWithTrustedHost({ origin }: Trace, value: string): boolean {
  return origin.isTrusted && isValidId(value);
}

function replaceCloudHeader(
  trace: Trace,
  headers: HeadersToSend,
  name: string,
  spanId: string,
  replaced: TraceHeaders,
): void {
  const names = name === 'x-b3-traceid' ? [name, ...B3_COMPANIONS] : [name];
  // Another tracer continues the same trace with a span of its own: only both together are a copy.
  const span = name === 'x-b3-traceid' ? headers.get('x-b3-spanid') : undefined;
  if (span !== undefined && !isCopied(trace, 'x-b3-spanid', span)) return;
  const isSampled = (trace.origin.flags & FLAG_SAMPLED) !== 0;
  for (const each of names) {
    headers.remove(each);
    const own = formatCloudHeader(each, trace.w3cTraceId, spanId, isSampled);
    if (own !== undefined) replaced[each] = own;
  }
}
