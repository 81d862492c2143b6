import { createHmac, timingSafeEqual } from 'node:crypto';
import { carrierText } from './carrier-text.js';

/** The header with which a caller has one request logged at a more verbose level. */
export const DEBUG_LEVEL_HEADER = 'x-debug-level';

/** A level that a caller has asked for, and proved that it may. */
export interface DebugLevel {
  readonly level: string;
  /** Milliseconds since the Unix epoch. */
  readonly expiresMs: number;
  /** The header, for those behind this application. `undefined` where no signature proves it. */
  readonly header?: string;
  /** How many entries it still allows. `undefined`: as many as there are. */
  entries?: number;
}

const FORM = /^(([A-Za-z][\w-]{0,31});expires=(\d{1,11}));sig=([\da-fA-F]{64})$/;
const LEVEL = /^[A-Za-z][\w-]{0,31}$/;
/** Longer is no debugging: one that leaks would be good for ever. */
const MAX_MS = 3_600_000;
/** How much the clocks of two machines may differ. */
const SKEW_MS = 60_000;

/**
 * Makes the value of an `X-Debug-Level` header: `debug;expires=1767225600;sig=…`. The request that
 * has it is logged at that level, and so is what it causes in the services behind, if they have the
 * same `debugKey`. It can be used again until it expires, so give it a short time.
 *
 * @param key the `debugKey` of the application, 16 characters or more.
 * @param level a level of the application's logger, such as `debug`.
 * @param expires when it expires: a date, or seconds since the Unix epoch. One hour from now at most:
 *   a later one is ignored by the application.
 * @throws {RangeError} for a level or a time that no such header can have.
 *
 * @publicApi
 *
 * @example
 * const value = signDebugLevel(debugKey, 'debug', new Date(Date.now() + 60_000));
 * await fetch(url, { headers: { 'X-Debug-Level': value } });
 */
export function signDebugLevel(key: string, level: string, expires: Date | number): string {
  if (!LEVEL.test(level)) throw new RangeError(`"${level}" is not the name of a level.`);
  const seconds = Math.floor(typeof expires === 'number' ? expires : expires.getTime() / 1000);
  const signed = `${level};expires=${seconds}`;
  const header = `${signed};sig=${createHmac('sha256', key).update(signed).digest('hex')}`;
  if (FORM.test(header)) return header;
  throw new RangeError('`expires` is neither a date nor seconds since the Unix epoch.');
}

/**
 * The level that a caller has asked for; `undefined` for a header that is malformed, forged, expired,
 * repeated or good for too long. Nothing of such a header is logged or passed on.
 *
 * @param received the header as it was received.
 */
export function readDebugLevel(received: unknown, key: string): DebugLevel | undefined {
  if (received === undefined) return undefined;
  const values: unknown = Array.isArray(received)
    ? received.filter((value) => value !== undefined)
    : received;
  const header = carrierText(values);
  if (header === undefined) return undefined;
  const [, signed, level, seconds, signature] = FORM.exec(header) ?? [];
  if (signed === undefined || level === undefined || signature === undefined) return undefined;
  const expiresMs = Number(seconds) * 1000;
  const now = Date.now();
  if (expiresMs <= now || expiresMs > now + MAX_MS + SKEW_MS) return undefined;
  const expected = createHmac('sha256', key).update(signed).digest();
  if (!timingSafeEqual(expected, Buffer.from(signature, 'hex'))) return undefined;
  return { level, expiresMs, header };
}
