import { quoteJson } from '../../records/control-characters.js';
import { ACCESS_LOG_FIELD_NAMES } from '../../records/fields.js';
import { isAccessLogEntry } from '../../records/access-log-text.js';
import { cutText, fits } from '../../records/json-text.js';
import { JsonWriter } from '../../records/json-writer.js';
import { readProperty } from '../../records/json-value.js';
import type { Redaction } from '../../records/redaction.js';
import type { TraceFields } from '../../records/request-record.js';
import { INJECTED, type CapturedEntry } from '../winston/captured-entry.js';
import { repeatsError } from '../winston/entry-error.js';
import type { FreeNames } from './free-names.js';
import type { PresetAccessLog } from './preset-field-names.js';

/** A line that is too large, in its parts. */
export interface LineParts {
  readonly entry: CapturedEntry;
  readonly message: string;
  /** All before the message, as JSON. */
  readonly start: string;
  /** The ids and the constants behind it, as JSON. */
  readonly afterMessage: string;
  readonly contextKey: string;
  readonly context: unknown;
  readonly error: Error | undefined;
  readonly renamed: PresetAccessLog | undefined;
  /** The fields of the error and of an access log line under the names of a preset. */
  readonly added: Readonly<Record<string, unknown>> | undefined;
  /** Those of `TraceContext.set`. */
  readonly fields: TraceFields | undefined;
  readonly names: FreeNames;
  readonly redaction: Redaction;
  /** How many bytes it may have. */
  readonly room: number;
  /** A writer that gave up on the line. */
  readonly before: JsonWriter | undefined;
}

/** `,"truncated":true,"omitted_fields":1000000}`, with a `_` or more before the names. */
const END_BYTES = 64;
const MAX_CONTEXT_BYTES = 256;
/** A field that is not larger is written before those that are. */
const SMALL = 256;
/** A value is not begun with less. */
const LEAST_BYTES = 64;

interface Field {
  readonly name: string;
  readonly value: unknown;
}

const ACCESS_LOG: ReadonlySet<string> = new Set<string>(ACCESS_LOG_FIELD_NAMES);

/**
 * Cuts a line that is too large, so that it is valid JSON and says so. Time, level and ids are
 * whole. The message and the error have at least a quarter each. Then come the fields of the access
 * log line, small fields, and last the large ones, which share what is left.
 */
export function cutLine(parts: LineParts): string {
  const { message, start, afterMessage, contextKey, context, added, room, redaction, before } =
    parts;
  let head = afterMessage;
  if (context !== undefined) head += contextKey + jsonWithin(context, MAX_CONTEXT_BYTES, redaction);
  let left = room - END_BYTES - Buffer.byteLength(start) - Buffer.byteLength(head);
  const quarter = Math.max(left >> 2, 0);
  const messageBytes = bytesUpTo(message, quarter);
  left -= messageBytes;
  let tail = '';
  let omitted = 0;
  const add = (name: string, json: string | undefined, key?: string): void => {
    if (json === undefined) return;
    const given = key === undefined ? name : parts.names.nameOf(key, json);
    const member = `,${quoteJson(given)}:${json}`;
    const bytes = Buffer.byteLength(member);
    if (bytes > left) omitted++;
    else {
      tail += member;
      left -= bytes;
    }
  };
  if (added !== undefined) {
    const names = Object.keys(added);
    const writer = new JsonWriter(redaction, Math.min(quarter, left), true, before);
    for (const name of names) {
      // The name, its quotes, and what an error's other fields need.
      writer.left -= name.length + LEAST_BYTES;
      if (writer.left < LEAST_BYTES) omitted++;
      else add(name, writer.member(name, added[name]));
      writer.left += LEAST_BYTES;
    }
  }
  const fields = fieldsInOrder(parts);
  const writer = new JsonWriter(redaction, left, true, before);
  for (let i = 0; i < fields.length; i++) {
    if (left < LEAST_BYTES) {
      omitted += fields.length - i;
      break;
    }
    const { name, value } = fields[i]!;
    if (name.length > left - LEAST_BYTES) {
      omitted++;
      continue;
    }
    // Large values share what is left.
    const share = isSmall(value) ? left : Math.floor(left / (fields.length - i));
    writer.left = Math.min(Math.max(share, LEAST_BYTES), left) - Math.min(name.length + 8, left);
    if (writer.left < LEAST_BYTES) omitted++;
    else add(name, writer.member(name, value), name);
  }
  const messageJson = cutMessage(message, left + messageBytes);
  let end = `,"${parts.names.own('truncated')}":true`;
  if (omitted > 0) end += `,"${parts.names.own('omitted_fields')}":${omitted}`;
  const line = `${start}${messageJson}${head}${tail}${end}}`;
  if (fits(line, room)) return line;
  // Ids of thousands of characters, or a name of the service that long.
  return `${start}${cutMessage(message, LEAST_BYTES)},"truncated":true}`;
}

function jsonWithin(value: unknown, bytes: number, redaction: Redaction): string {
  return new JsonWriter(redaction, bytes, true).root(value) ?? 'null';
}

/** How many bytes a text has as JSON, up to a limit. */
function bytesUpTo(text: string, limit: number): number {
  if (text.length > limit) return limit;
  return Math.min(Buffer.byteLength(quoteJson(text)), limit);
}

function cutMessage(message: string, bytes: number): string {
  if (message.length <= bytes) {
    const json = quoteJson(message);
    if (Buffer.byteLength(json) <= bytes) return json;
  }
  return cutText(message, bytes);
}

/** The fields that are written, the more important ones first. */
export function fieldsInOrder({
  entry,
  error,
  renamed,
  fields,
}: Pick<LineParts, 'entry' | 'error' | 'renamed' | 'fields'>): readonly Field[] {
  const isAccessLog = isAccessLogEntry(entry);
  const injected = entry[INJECTED];
  const first: Field[] = [];
  const small: Field[] = [];
  const large: Field[] = [];
  const sort = (name: string, value: unknown): void => {
    if (value === undefined || typeof value === 'function') return;
    if (!isSmall(value)) large.push({ name, value });
    else if (isAccessLog && ACCESS_LOG.has(name)) first.push({ name, value });
    else small.push({ name, value });
  };
  for (const name of fields === undefined ? [] : Object.keys(fields)) {
    if (!Object.hasOwn(entry, name)) sort(name, fields![name]);
  }
  for (const name of Object.keys(entry)) {
    if (name === 'level' || name === 'message' || name === 'context') continue;
    if (renamed?.replaced.has(name)) continue;
    if (injected !== undefined && Object.hasOwn(injected, name)) continue;
    const value = readProperty(entry, name);
    if (error !== undefined && repeatsError(entry, error, name, value)) continue;
    sort(name, value);
  }
  return [...first, ...small, ...large];
}

export function isSmall(value: unknown): boolean {
  return typeof value === 'string' ? value.length <= SMALL : typeof value !== 'object';
}
