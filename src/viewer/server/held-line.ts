import { readProperty } from '../../records/json-value.js';
import type { LogRecord } from '../../records/log-record.js';
import type { ViewLine } from '../view-records.js';
import { lineRecord, type LineSource } from './line-from-record.js';
import { MAX_MESSAGE } from './text-limits.js';

/** Memory that a held line takes besides its texts. */
const OVERHEAD_BYTES = 256;
const BYTES_PER_CHARACTER = 2;
/** An entry with more fields is made into a record at once. */
const MAX_PLAIN_FIELDS = 64;
/** Where winston keeps the arguments of a call. */
const SPLAT = Symbol.for('splat');

/** A line of a request of which it is not known yet whether it is recorded. */
export interface HeldLine {
  readonly entry: LogRecord;
  readonly time: number;
  /** Missing where the entry is made into a record only if that is needed. */
  readonly record: ViewLine | undefined;
  /** An estimate of the memory that it takes. */
  readonly bytes: number;
}

/**
 * Holds a line as it is now. Most lines have only plain values, and of those a copy is enough: to make
 * a record of each would cost far more, and most are thrown away.
 */
export function heldLine(entry: LogRecord, source: LineSource): HeldLine {
  const { time } = source;
  const copy: Record<string, unknown> = {};
  let characters = copyPlain(entry.entry, copy);
  if (characters !== undefined && entry.fields !== undefined) {
    const ofFields = copyPlain(entry.fields, {});
    characters = ofFields === undefined ? undefined : characters + ofFields;
  }
  if (characters !== undefined && Reflect.get(entry.entry, SPLAT) === undefined) {
    // Formats change the entry of the logger after this.
    const own = Object.create(entry, { entry: { value: copy } }) as LogRecord;
    const bytes = characters * BYTES_PER_CHARACTER + OVERHEAD_BYTES;
    return { entry: own, time, record: undefined, bytes };
  }
  const record = lineRecord(source, entry);
  const bytes = JSON.stringify(record).length * BYTES_PER_CHARACTER + OVERHEAD_BYTES;
  return { entry, time, record, bytes };
}

/**
 * Copies fields whose values are plain and not long.
 *
 * @returns the number of characters in them; `undefined` if there is any other.
 */
function copyPlain(
  from: Readonly<Record<string, unknown>>,
  to: Record<string, unknown>,
): number | undefined {
  const names = Object.keys(from);
  if (names.length > MAX_PLAIN_FIELDS) return undefined;
  let characters = 0;
  for (const name of names) {
    const value = readProperty(from, name);
    if (typeof value === 'string') {
      if (value.length > MAX_MESSAGE) return undefined;
      characters += value.length;
    } else if (typeof value === 'object' ? value !== null : !isSimple(value)) return undefined;
    characters += name.length;
    to[name] = value;
  }
  return characters;
}

function isSimple(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'boolean' || value === undefined;
}
