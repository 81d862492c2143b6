import { isSpanId, isW3cTraceId } from './ids.js';
import type { TraceCarrier } from './open-trace.js';
import { FLAG_SAMPLED, formatTraceparent, parseTraceparent } from './traceparent.js';

/** A position in a trace, as a header of a cloud or of Zipkin tells it. */
interface CloudContext {
  /** 32 lower-case hex digits; `undefined` for a header that only says whether to record. */
  readonly traceId: string | undefined;
  /** The span of the caller: 16 lower-case hex digits. */
  readonly parentId: string | undefined;
  /** Whether the caller records the trace; `undefined` where it leaves the decision to us. */
  readonly isSampled: boolean | undefined;
}

/** The headers that are read by their formats and not as an id, in the order of their precedence. */
export const CLOUD_HEADERS = [
  'x-amzn-trace-id',
  'x-cloud-trace-context',
  'b3',
  'x-b3-traceid',
] as const;

/** The name of one of these headers. */
export type CloudHeader = (typeof CLOUD_HEADERS)[number];

/** The other headers of a format that uses several for one trace: Zipkin's. */
export const B3_COMPANIONS = [
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags',
] as const;

/** Reads a header by its lower-case name. The value is not validated. */
type ReadHeader<S> = (source: S, name: string) => unknown;

/** Load balancers add fields of their own, but none of these headers is ever that long. */
const MAX_LENGTH = 1024;
const AMZN_ROOT = /^1-([0-9a-f]{8})-([0-9a-f]{24})$/i;
const GOOGLE = /^([0-9a-f]{32})(?:\/([0-9]{1,20}))?(?:;o=([0-9]))?$/i;
const B3 = /^([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-([01d])(?:-([0-9a-f]{16}))?)?$/i;
const B3_TRACE_ID = /^(?:[0-9a-f]{16}|[0-9a-f]{32})$/i;
const B3_SPAN_ID = /^[0-9a-f]{16}$/i;
const MAX_SPAN = 0xffff_ffff_ffff_ffffn;

/** Whether a name of a header is that of one that is read by its format. */
export function isCloudHeader(name: string): name is CloudHeader {
  return (CLOUD_HEADERS as readonly string[]).includes(name);
}

/**
 * Reads the trace that one of the {@link CLOUD_HEADERS} names; `undefined` where it is missing,
 * repeated or invalid.
 *
 * @param source what `read` reads from, so that reading a request needs no closure.
 */
function readCloudHeader<S>(
  header: CloudHeader,
  source: S,
  read: ReadHeader<S>,
): CloudContext | undefined {
  if (header === 'x-b3-traceid') return readB3Headers(source, read);
  const value = read(source, header);
  if (typeof value !== 'string' || value.length > MAX_LENGTH) return undefined;
  if (header === 'b3') return parseB3(value);
  return header === 'x-amzn-trace-id' ? parseAmznTraceId(value) : parseCloudTraceContext(value);
}

/**
 * Adds to a carrier what one of the {@link CLOUD_HEADERS} says, unless it has a valid
 * `traceparent`. Returns whether the header names a trace.
 */
export function adoptCloudHeader<S>(
  carrier: TraceCarrier,
  header: CloudHeader,
  source: S,
  read: ReadHeader<S>,
): boolean {
  const context = readCloudHeader(header, source, read);
  if (context === undefined || parseTraceparent(carrier.traceparent) !== undefined) return false;
  const { traceId, parentId, isSampled } = context;
  if (isSampled !== undefined) carrier.isSampled ??= isSampled;
  if (traceId === undefined) return false;
  if (parentId === undefined) {
    carrier.traceId = traceId;
  } else {
    carrier.traceparent = formatTraceparent(
      traceId,
      parentId,
      isSampled === false ? 0 : FLAG_SAMPLED,
    );
  }
  // It belongs to the `traceparent` that was not valid.
  carrier.tracestate = undefined;
  return true;
}

/**
 * Parses `X-Amzn-Trace-Id`: fields in any order, of which `Root` is the trace, and `Parent` and
 * `Sampled` may be missing. `Self`, which a load balancer adds, is its own.
 *
 * @see https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
 *
 * @example
 * parseAmznTraceId('Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1');
 * // { traceId: '5759e988bd862e3fe1be46a994272793', parentId: undefined, isSampled: true }
 */
function parseAmznTraceId(value: string): CloudContext | undefined {
  const fields = new Map<string, string>();
  for (const field of value.split(';')) {
    const [name = '', ...rest] = field.split('=');
    const key = name.trim().toLowerCase();
    if (fields.has(key) && key !== '') return undefined;
    fields.set(key, rest.join('=').trim());
  }
  const [, epoch, random] = AMZN_ROOT.exec(fields.get('root') ?? '') ?? [];
  if (epoch === undefined || random === undefined) return undefined;
  const sampled = fields.get('sampled');
  return contextOf(
    epoch + random,
    fields.get('parent'),
    sampled === '1' ? true : sampled === '0' ? false : undefined,
  );
}

/**
 * Parses Google's `X-Cloud-Trace-Context`. Its span id is decimal.
 *
 * @see https://cloud.google.com/trace/docs/trace-context#legacy-http-header
 *
 * @example
 * parseCloudTraceContext('105445aa7843bc8bf206b12000100000/1;o=1');
 * // { traceId: '105445aa7843bc8bf206b12000100000', parentId: '0000000000000001', isSampled: true }
 */
function parseCloudTraceContext(value: string): CloudContext | undefined {
  const match = GOOGLE.exec(value);
  if (match === null) return undefined;
  const [, traceId = '', span = '0', options] = match;
  const spanId = BigInt(span);
  if (spanId > MAX_SPAN) return undefined;
  return contextOf(
    traceId,
    spanId.toString(16).padStart(16, '0'),
    options === undefined ? undefined : (Number(options) & 1) === 1,
  );
}

/**
 * Parses the single header of B3. `0`, `1` and `d` alone are decisions without a trace.
 *
 * @see https://github.com/openzipkin/b3-propagation#single-header
 *
 * @example
 * parseB3('80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1');
 * // { traceId: '80f198ee56343ba864fe8b2a57d3eff7', parentId: 'e457b5a2e4d86bd1', isSampled: true }
 */
function parseB3(value: string): CloudContext | undefined {
  if (/^[01d]$/.test(value)) return decision(value !== '0');
  const match = B3.exec(value);
  if (match === null) return undefined;
  const [, traceId = '', spanId, sampled] = match;
  return contextOf(
    traceId.padStart(32, '0'),
    spanId,
    sampled === undefined ? undefined : sampled !== '0',
  );
}

/** @see https://github.com/openzipkin/b3-propagation#multiple-headers */
function readB3Headers<S>(source: S, read: ReadHeader<S>): CloudContext | undefined {
  const traceId = read(source, 'x-b3-traceid');
  const sampled = read(source, 'x-b3-sampled');
  if (traceId === undefined && sampled === undefined) return undefined;
  const isDebug = read(source, 'x-b3-flags') === '1';
  const isSampled =
    isDebug || sampled === '1' || sampled === 'true'
      ? true
      : sampled === '0' || sampled === 'false'
        ? false
        : undefined;
  if (traceId === undefined) return isSampled === undefined ? undefined : decision(isSampled);
  if (typeof traceId !== 'string' || !B3_TRACE_ID.test(traceId)) return undefined;
  const spanId = read(source, 'x-b3-spanid');
  if (spanId === undefined) return contextOf(traceId.padStart(32, '0'), undefined, isSampled);
  if (typeof spanId !== 'string' || !B3_SPAN_ID.test(spanId)) return undefined;
  return contextOf(traceId.padStart(32, '0'), spanId, isSampled);
}

function decision(isSampled: boolean): CloudContext {
  return { traceId: undefined, parentId: undefined, isSampled };
}

function contextOf(
  traceId: string,
  parentId: string | undefined,
  isSampled: boolean | undefined,
): CloudContext | undefined {
  const id = traceId.toLowerCase();
  if (!isW3cTraceId(id)) return undefined;
  const parent = parentId?.toLowerCase();
  const isParent = parent !== undefined && isSpanId(parent);
  return { traceId: id, parentId: isParent ? parent : undefined, isSampled };
}

/** What one of the {@link CLOUD_HEADERS}, or of those beside them, says of a trace of our own. */
export function formatCloudHeader(
  header: string,
  traceId: string,
  spanId: string,
  isSampled: boolean,
): string | undefined {
  const sampled = isSampled ? '1' : '0';
  switch (header) {
    case 'x-amzn-trace-id':
      return `Root=1-${traceId.slice(0, 8)}-${traceId.slice(8)};Parent=${spanId};Sampled=${sampled}`;
    case 'x-cloud-trace-context':
      return `${traceId}/${BigInt(`0x${spanId}`)};o=${sampled}`;
    case 'b3':
      return `${traceId}-${spanId}-${sampled}`;
    case 'x-b3-traceid':
      return traceId;
    case 'x-b3-spanid':
      return spanId;
    case 'x-b3-sampled':
      return sampled;
    default:
      return undefined;
  }
}
