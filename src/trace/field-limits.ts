import { moreCharacters } from '../records/json-text.js';
import { ownCopy } from '../records/name-cache.js';
import type { TraceFields } from '../records/request-record.js';

/** The number of fields that a trace has. */
export const MAX_FIELDS = 256;
/** The characters in the names and texts of the fields of a trace: a line has 64 kB by default. */
export const MAX_FIELDS_TEXT = 65_536;

/**
 * The fields of a trace with one more, or with another value for one. Of a text, what there is no room
 * for is cut. Objects are the application's own and count by their names.
 *
 * @returns `undefined` where there is no room for a further field.
 */
export function withField(
  fields: TraceFields | undefined,
  key: string,
  value: unknown,
): { readonly fields: TraceFields; readonly isCut: boolean } | undefined {
  const copy: Record<string, unknown> = Object.assign(Object.create(null), fields);
  let count = 1;
  let room = MAX_FIELDS_TEXT - key.length;
  for (const name in copy) {
    if (name === key) continue;
    count++;
    const other = copy[name];
    room -= name.length + (typeof other === 'string' ? other.length : 0);
  }
  // One that is there has had its place already.
  if (!(key in copy) && (count > MAX_FIELDS || room <= 0)) return undefined;
  const isCut = typeof value === 'string' && value.length > room;
  copy[key] = isCut
    ? `${ownCopy(value.slice(0, room))}${moreCharacters(value.length - room)}`
    : value;
  return { fields: copy, isCut };
}

/** The number of counters that a trace has. */
const MAX_COUNTERS = 64;
/** Longer names of counters are not kept. */
const MAX_COUNTER_NAME = 256;

/** The counters of a trace with one of them raised; `undefined` where there is no room for it. */
export function withCount(
  counters: Record<string, number> | undefined,
  key: string,
  amount: number,
): Record<string, number> | undefined {
  const raised = counters ?? (Object.create(null) as Record<string, number>);
  const before = raised[key];
  const isNew = before === undefined;
  if (isNew && (key.length > MAX_COUNTER_NAME || Object.keys(raised).length >= MAX_COUNTERS)) {
    return undefined;
  }
  raised[key] = (before ?? 0) + amount;
  return raised;
}
