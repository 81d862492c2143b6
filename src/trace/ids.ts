import { createHmac, hash, randomFillSync } from 'node:crypto';

/** The maximum length of an id that is adopted from a caller. */
export const MAX_ID_LENGTH = 128;

const VALID_ID = new RegExp(`^[A-Za-z0-9_.:@/+=-]{1,${MAX_ID_LENGTH}}$`);
const LOWER_HEX_32 = /^[0-9a-f]{32}$/;
const HEX_32 = /^[0-9a-fA-F]{32}$/;
const UUID = /^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$/;
const LOWER_HEX_16 = /^[0-9a-f]{16}$/;
const ALL_ZERO_SPAN_ID = '0'.repeat(16);
const ALL_ZERO_TRACE_ID = '0'.repeat(32);

/**
 * Whether a value may be adopted as an id: 1 to 128 characters of
 * `A-Z a-z 0-9 _ . : @ / + = -`. None of them can end a header, forge a log line or
 * control a terminal, and they cover the ids that proxies and SDKs send (nginx, UUIDs, W3C, AWS).
 *
 * @example
 * isValidId('req-001');   // true
 * isValidId('a\r\nb');    // false
 */
export function isValidId(value: unknown): value is string {
  return typeof value === 'string' && (spellsTraceId(value) || VALID_ID.test(value));
}

/** Whether a value is a W3C trace id: 32 lower-case hex digits, not all of them zero. */
export function isW3cTraceId(value: string): boolean {
  return LOWER_HEX_32.test(value) && value !== ALL_ZERO_TRACE_ID;
}

/**
 * Converts any valid id to the trace id of a `traceparent`: the id itself if it is a trace id
 * already, the digits of a UUID, otherwise the first 32 hex digits of its SHA-256 hash.
 *
 * @see https://www.w3.org/TR/trace-context-2/#trace-id
 */
export function toW3cTraceId(id: string): string {
  return digitsOf(id) ?? hash('sha256', id).slice(0, 32);
}

/** The UUID that was seen last: a request is asked about the one that it came with several times. */
let lastUuid = '';

/** Whether an id contains the digits of a trace id: 32 hex digits, or a UUID. */
export function spellsTraceId(id: string): boolean {
  if (id.length !== 36) return id.length === 32 && HEX_32.test(id);
  const isUuid = id === lastUuid || UUID.test(id);
  if (isUuid) lastUuid = id;
  return isUuid;
}

/** The trace id that an id contains; `undefined` for all other ids, which are sent as a hash. */
function digitsOf(id: string): string | undefined {
  if (!spellsTraceId(id)) return undefined;
  const digits = (id.length === 36 ? withoutDashes(id) : id).toLowerCase();
  return digits === ALL_ZERO_TRACE_ID ? undefined : digits;
}

function withoutDashes(uuid: string): string {
  return `${uuid.slice(0, 8)}${uuid.slice(9, 13)}${uuid.slice(14, 18)}${uuid.slice(19, 23)}${uuid.slice(24)}`;
}

/**
 * A hash that replaces a secret in the logs: `prefix` and the first 16 hex digits of its SHA-256,
 * or of its HMAC-SHA256 if a key is given.
 */
export function digestId(prefix: string, secret: string, key?: string): string {
  const hex =
    key === undefined
      ? hash('sha256', secret)
      : createHmac('sha256', key).update(secret).digest('hex');
  return prefix + hex.slice(0, 16);
}

/** Whether a value is a W3C span id: 16 lower-case hex digits, not all of them zero. */
export function isSpanId(value: string): boolean {
  return LOWER_HEX_16.test(value) && value !== ALL_ZERO_SPAN_ID;
}

// One call to the system's random source costs as much as a thousand random bytes.
const random = Buffer.allocUnsafeSlow(8192);
let randomOffset = random.length;

/** Random bytes that no one else has: the place in {@link random} where they begin. */
function takeRandom(bytes: number): number {
  if (randomOffset + bytes > random.length) {
    randomFillSync(random);
    randomOffset = 0;
  }
  const offset = randomOffset;
  randomOffset += bytes;
  return offset;
}

// The digits of many ids are made at once, and each id is a slice of them.
const POOL_BYTES = 1024;
let pool = '';
let poolOffset = 0;

function randomHex(digits: number): string {
  if (poolOffset + digits > pool.length) {
    const start = takeRandom(POOL_BYTES);
    pool = random.toString('hex', start, start + POOL_BYTES);
    poolOffset = 0;
  }
  return pool.slice(poolOffset, (poolOffset += digits));
}

const UUID_LENGTH = 36;
const UUID_BYTES = 16;
/** How many UUIDs are made at once. One that is kept keeps the text of all of them. */
const UUIDS = 32;
const HEX_DIGITS = new TextEncoder().encode('0123456789abcdef');
const DASH = 45;
const uuidText = Buffer.allocUnsafeSlow(UUIDS * UUID_LENGTH);
let uuids = '';
let uuidOffset = 0;

/**
 * A new random UUID. Those of `randomUUID` are joined from twenty parts, which each line that has one
 * would join again.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-4
 */
export function newUuid(): string {
  if (uuidOffset === uuids.length) {
    uuids = manyUuids();
    uuidOffset = 0;
  }
  return uuids.slice(uuidOffset, (uuidOffset += UUID_LENGTH));
}

function manyUuids(): string {
  const start = takeRandom(UUIDS * UUID_BYTES);
  let end = 0;
  for (let i = 0; i < UUIDS * UUID_BYTES; i++) {
    const place = i % UUID_BYTES;
    let byte = random[start + i]!;
    if (place === 6) byte = 0x40 | (byte & 0x0f);
    else if (place === 8) byte = 0x80 | (byte & 0x3f);
    if (place === 4 || place === 6 || place === 8 || place === 10) uuidText[end++] = DASH;
    uuidText[end++] = HEX_DIGITS[byte >> 4]!;
    uuidText[end++] = HEX_DIGITS[byte & 0x0f]!;
  }
  return uuidText.toString('latin1');
}

/** A new W3C trace id: 32 random lower-case hex digits. */
export function newTraceId(): string {
  return randomHex(32);
}

/** A new W3C span id: 16 random lower-case hex digits. */
export function newSpanId(): string {
  return randomHex(16);
}
