import { types } from 'node:util';
import { tellsOfFault } from '../../records/fault-fields.js';
import { isHuge } from '../../records/json-text.js';
import { JsonWriter } from '../../records/json-writer.js';
import { isError, jsonValue, readProperty } from '../../records/json-value.js';
import { DEFAULT_LINE_LIMITS, type LineLimits } from '../../records/line-limits.js';
import type { Redaction } from '../../records/redaction.js';

/** How many values inside a field are looked at, and how many characters its texts have. */
const MAX_VALUES = 1000;
const MAX_CHARACTERS = 16_384;
const MAX_DEPTH = 16;
/** What a printed error shows besides its own fields. */
const PRINTED: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause', 'errors']);

const errors = new WeakMap<object, Error>();

/** For whom a value is made plain: what writes JSON, or `util.inspect`, which knows errors. */
type Reader = 'json' | 'inspect';

/**
 * A value that `JSON.stringify`, which other formats and transports use, writes as well as our own
 * formats do: it writes an error as `{}`, throws at a getter that throws and at a revoked proxy, takes
 * hours for objects that know each other, and writes secrets. A value that holds none of these is
 * returned as it is.
 */
export function spelledOut(
  value: unknown,
  { redaction, maxBytes }: LineLimits = DEFAULT_LINE_LIMITS,
  reader: Reader = 'json',
): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (!needsSpelling(value, redaction, reader)) return value;
  return parsed(value, jsonValue(value, redaction, maxBytes));
}

/** The error that a value is, also where {@link spelledOut} has replaced it. */
export function errorOf(value: unknown): Error | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return isError(value) ? value : errors.get(value);
}

/**
 * Makes the fields of one entry plain, as {@link spelledOut} does, and limits what they hold
 * together.
 */
export class PlainFields {
  /** How many fields did not fit. */
  omitted = 0;
  isCut = false;
  private left: number;
  private writer: JsonWriter | undefined;

  constructor(private readonly limits: LineLimits) {
    this.left = limits.maxBytes;
  }

  /** The value of a field, as another format may write it; `undefined` if nothing may be written. */
  field(name: string, value: unknown): unknown {
    if (value === undefined || typeof value === 'function') return value;
    const { redaction } = this.limits;
    const isObject = typeof value === 'object' && value !== null;
    const isPlain =
      redaction.paths === undefined &&
      !redaction.hides(name, value) &&
      !(isObject && needsSpelling(value, redaction, 'json')) &&
      !(typeof value === 'bigint' && isHuge(value)) &&
      !(typeof value === 'string' && value.length > Math.min(this.left, MAX_CHARACTERS));
    if (isPlain) {
      this.left -= name.length + (typeof value === 'string' ? value.length : isObject ? 64 : 8);
      return this.left > 0 ? value : this.omit();
    }
    if (this.left < MIN_BYTES) return this.omit();
    this.writer ??= new JsonWriter(redaction, 0, true);
    this.writer.left = this.left >> 1;
    const json = this.writer.member(name, value);
    if (this.writer.isOver) this.isCut = true;
    if (json === undefined) return undefined;
    this.left -= json.length;
    return parsed(value, json);
  }

  private omit(): undefined {
    this.omitted++;
    this.isCut = true;
    return undefined;
  }
}

/** With less, no value is begun that has to be written first. */
const MIN_BYTES = 256;

function parsed(value: unknown, json: string | undefined): unknown {
  const plain: unknown = JSON.parse(json ?? 'null');
  if (isError(value) && typeof plain === 'object' && plain !== null) errors.set(plain, value);
  return plain;
}

interface Walk {
  readonly redaction: Redaction;
  readonly reader: Reader;
  readonly ancestors: object[];
  values: number;
  characters: number;
}

function needsSpelling(value: object, redaction: Redaction, reader: Reader): boolean {
  // Where a path leads is known only while it is written.
  if (redaction.paths !== undefined) return true;
  const walk = { redaction, reader, ancestors: [], values: MAX_VALUES, characters: MAX_CHARACTERS };
  return hasToBeSpelled(value, walk);
}

function hasToBeSpelled(value: unknown, walk: Walk): boolean {
  if (typeof value === 'string') return (walk.characters -= value.length) < 0;
  if (typeof value === 'bigint') return isHuge(value);
  if (typeof value !== 'object' || value === null) return false;
  const { ancestors, reader } = walk;
  if (types.isProxy(value)) return reader === 'json' || isReadable(value);
  if (isError(value) && (reader === 'json' || hasHiddenFields(value))) return true;
  if (walk.values-- <= 0 || ancestors.length >= MAX_DEPTH) return true;
  // What writes the value handles a cycle, or throws at it: then another line is written.
  if (ancestors.includes(value)) return reader === 'json';
  if (ArrayBuffer.isView(value)) return value.byteLength > MAX_VALUES;
  if (types.isDate(value) || types.isRegExp(value)) return false;
  ancestors.push(value);
  try {
    return reader === 'json' && typeof readProperty(value, 'toJSON') === 'function'
      ? returnsObject(value)
      : holdsSpelled(value, walk);
  } catch {
    // A trap that throws, or a collection that is none.
    return true;
  } finally {
    ancestors.pop();
  }
}

/** Whether a proxy is not revoked: `inspect` shows what one is. */
function isReadable(value: object): boolean {
  try {
    Object.keys(value);
    return true;
  } catch {
    return false;
  }
}

/** What `toJSON` returns may be of any size, and may be another object whenever it is called. */
function returnsObject(value: { toJSON?: () => unknown }): boolean {
  const json = value.toJSON?.();
  return (typeof json === 'object' && json !== null) || typeof json === 'string'
    ? typeof json !== 'string' || json.length > MAX_VALUES
    : false;
}

function holdsSpelled(value: object, walk: Walk): boolean {
  if (value instanceof Set || Array.isArray(value)) {
    const size = value instanceof Set ? value.size : value.length;
    if (size > walk.values) return true;
    let before: unknown;
    for (const item of value) {
      if (typeof before === 'string' && walk.redaction.hides(before, item)) return true;
      if (walk.values-- <= 0 || hasToBeSpelled(item, walk)) return true;
      before = item;
    }
    return false;
  }
  if (value instanceof Map) {
    if (value.size > walk.values) return true;
    for (const [key, item] of value as ReadonlyMap<unknown, unknown>) {
      if (typeof key === 'string' && walk.redaction.hides(key, item)) return true;
      if (walk.values-- <= 0 || hasToBeSpelled(key, walk) || hasToBeSpelled(item, walk))
        return true;
    }
    return false;
  }
  const keys = Object.keys(value);
  if (keys.length > walk.values) return true;
  for (const key of keys) {
    if (walk.values-- <= 0 || (walk.characters -= key.length) < 0) return true;
    const property = Object.getOwnPropertyDescriptor(value, key);
    const item: unknown = property?.value;
    // A getter may throw, or return something else the next time. `inspect` does not call it.
    if (property?.get !== undefined && walk.reader === 'json') return true;
    if (walk.redaction.hides(key, item) || hasToBeSpelled(item, walk)) return true;
    if (key === 'value' && typeof item === 'string') {
      const name = readProperty(value, 'name') ?? readProperty(value, 'key');
      if (typeof name === 'string' && walk.redaction.hides(name, item)) return true;
    }
  }
  return false;
}

/** Whether an error has own fields that are not written of it, or is caused by something. */
function hasHiddenFields(error: Error): boolean {
  try {
    return (
      'cause' in error ||
      'errors' in error ||
      Object.keys(error).some((key) => !tellsOfFault(key) && !PRINTED.has(key))
    );
  } catch {
    // A proxy whose trap throws.
    return true;
  }
}
