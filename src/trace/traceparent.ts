import { trimOws } from './trim-ows.js';

/** `sampled`: the caller may have recorded this trace (Trace Context Level 2, section 3.2.2.5.1). */
export const FLAG_SAMPLED = 0x01;
/** `random`: the last 7 bytes of the trace id are random (Level 2, section 3.2.2.5.2). */
export const FLAG_RANDOM = 0x02;

/** The flags that the specification defines; other bits are dropped. */
export const KNOWN_FLAGS = FLAG_SAMPLED | FLAG_RANDOM;
const LENGTH_00 = 55;
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const ALL_ZERO = /^0+$/;

/** The parsed value of a `traceparent` header. */
export interface Traceparent {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits: the span of the caller. */
  readonly parentId: string;
  /** The known flag bits; unknown ones are dropped. */
  readonly flags: number;
}

/**
 * Parses a `traceparent` header. Returns `undefined` for whatever the specification calls
 * invalid.
 *
 * Version `00` has exactly 55 characters. A higher version may continue after a dash and is parsed
 * like `00`. Version `ff` is forbidden.
 *
 * @see https://www.w3.org/TR/trace-context-2/#traceparent-header
 *
 * @example
 * parseTraceparent('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
 * // { traceId: '0af7651916cd43dd8448eb211c80319c', parentId: 'b7ad6b7169203331', flags: 1 }
 */
export function parseTraceparent(header: unknown): Traceparent | undefined {
  if (typeof header !== 'string') return undefined;
  const match = TRACEPARENT.exec(trimOws(header));
  if (match === null) return undefined;
  const [value, version, traceId = '', parentId = '', flags = ''] = match;
  if (version === 'ff' || (version === '00' && value.length !== LENGTH_00)) return undefined;
  if (ALL_ZERO.test(traceId) || ALL_ZERO.test(parentId)) return undefined;
  return { traceId, parentId, flags: Number.parseInt(flags, 16) & KNOWN_FLAGS };
}

/**
 * Formats a `traceparent` header: always version `00`, always two digits of flags.
 *
 * @example
 * formatTraceparent(traceId, spanId, FLAG_SAMPLED); // '00-0af7…319c-b7ad…3331-01'
 */
export function formatTraceparent(traceId: string, spanId: string, flags: number): string {
  return `00-${traceId}-${spanId}-0${flags & KNOWN_FLAGS}`;
}
