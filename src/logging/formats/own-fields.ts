import { quoteJson } from '../../records/control-characters.js';
import { readProperty } from '../../records/json-value.js';
import { simpleJson } from '../../records/json-text.js';
import { JsonWriter } from '../../records/json-writer.js';
import { isOneOf } from '../../records/redaction.js';
import type { LineLimits } from '../../records/line-limits.js';
import type { TraceScope } from '../../trace/trace.js';
import { INJECTED, type CapturedEntry } from '../winston/captured-entry.js';
import { repeatsError } from '../winston/entry-error.js';
import { FreeNames } from './free-names.js';
import type { PresetAccessLog } from './preset-field-names.js';

/**
 * The fields of `TraceContext.set` and of an entry, then those of its error and of an access log
 * line. If they are too large, the writer that gave up on them, if there is one: it has listed their
 * keys.
 */
export function ownFields(
  entry: CapturedEntry,
  scope: TraceScope | null,
  error: Error | undefined,
  renamed: PresetAccessLog | undefined,
  added: Readonly<Record<string, unknown>> | undefined,
  reserved: ReadonlySet<string>,
  { redaction }: LineLimits,
  room: number,
): string | JsonWriter | undefined {
  const injected = entry[INJECTED];
  const fields = scope?.fields;
  const { paths } = redaction;
  let json = '';
  // Most lines need neither.
  let writer: JsonWriter | undefined;
  let names: FreeNames | undefined;
  let tail = '';
  if (added !== undefined) {
    // First, so that an error that is also inside of a field is whole here.
    writer = new JsonWriter(redaction, room, false);
    tail = addedJson(added, writer);
    if (writer.isOver) return writer;
  }
  for (let source: Readonly<Record<string, unknown>> = fields ?? entry; ; source = entry) {
    const isEntry = source === entry;
    const keys = Object.keys(source);
    // By index: an iterator is an object, and so is each of its results, until the code is optimised.
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      if (isEntry) {
        if (key === 'level' || key === 'message' || key === 'context') continue;
        if (renamed?.replaced.has(key)) continue;
        if (injected !== undefined && Object.hasOwn(injected, key)) continue;
      } else if (Object.hasOwn(entry, key)) continue;
      const value = readProperty(source, key);
      if (isEntry && error !== undefined && repeatsError(entry, error, key, value)) continue;
      if (key.length > room) return undefined;
      const known = redaction.name(key);
      let text: string | undefined;
      if (isPlain(value) && known.verdict === 'plain' && paths === undefined) {
        if (typeof value === 'string' && value.length > room) return undefined;
        text = simpleJson(value);
      } else {
        writer ??= new JsonWriter(redaction, room, false);
        text = writer.member(key, value);
        if (writer.isOver) return writer;
      }
      if (text === undefined) continue;
      const isTaken =
        isOneOf(reserved, key, known) || (added !== undefined && Object.hasOwn(added, key));
      if (isTaken || known.isId || known.isIdRoot) {
        names ??= new FreeNames(entry, fields, reserved, added);
        json += redaction.name(names.nameOf(key, text)).next + text;
      } else {
        json += known.next + text;
      }
      if (json.length > room) return writer;
    }
    if (isEntry) break;
  }
  return json + tail;
}

function addedJson(added: Readonly<Record<string, unknown>>, writer: JsonWriter): string {
  let json = '';
  for (const name of Object.keys(added)) {
    const text = writer.member(name, added[name]);
    if (text !== undefined) json += `,${quoteJson(name)}:${text}`;
  }
  return json;
}

function isPlain(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}
