import { format, type Logform } from 'winston';
import { answersProbe, notePresetFormat } from '../../options/preset-formats.js';
import { warnOnce } from '../../records/warnings.js';
import type { PresetName } from '../../records/fields.js';
import type { TraceScope } from '../../trace/trace.js';
import { INJECTED, SCOPE, UNFORMATTED, type CapturedEntry } from '../winston/captured-entry.js';
import { entryError, entryMessage } from '../winston/entry-error.js';
import { isPlainObject } from '../winston/plain-object.js';
import { spelledOut } from '../winston/spelled-out.js';
import { SPLAT } from '../winston/winston-symbols.js';
import { readProperty } from '../../records/json-value.js';
import { fieldsOfFormat } from './line-format.js';
import { idFields, presetOf, type Preset } from './presets.js';

/** What {@link traceFormat} takes. */
export interface TraceFormatOptions {
  /** The field names of a log backend. Default: `trace_id`, `request_id`, `session_id`, `span_id`. */
  preset?: PresetName;
}

/**
 * The winston format that adds the ids and the fields of `TraceContext.set` to an entry. It writes
 * what was captured when the logger was called, so the logger must have been passed to
 * {@link traceLogger} or `TracingModule.forRoot({ logger })`. For any other logger it warns once,
 * and writes no ids rather than those of another request.
 *
 * @publicApi
 *
 * @example
 * format.combine(format.timestamp(), traceFormat(), format.json())
 */
export function traceFormat(options: TraceFormatOptions = {}): Logform.Format {
  const preset = presetOf(options.preset);
  const hasPreset = options.preset !== undefined;
  const made = format((info) => {
    if (!(hasPreset && answersProbe(info))) addIds(info, preset);
    return info;
  })();
  if (hasPreset) notePresetFormat(made);
  return made;
}

/**
 * Adds the ids to an entry as plain fields, and what winston's own formats expect of an error: its
 * text in `message` and its `stack`.
 */
export function addIds(entry: CapturedEntry, preset: Preset): void {
  const scope = capturedScope(entry);
  const injected = entry[INJECTED];
  if (injected === undefined) prepareForFormats(entry);
  else if (injected !== preset.ids) {
    for (const name of Object.keys(injected)) delete entry[name];
  }
  entry[INJECTED] = preset.ids;
  if (entry[SPLAT] !== undefined) entry[SPLAT] = safeArguments(entry[SPLAT], preset);
  Object.assign(entry, idFields(preset, scope));
  const fields = scope?.fields;
  if (fields === undefined) return;
  for (const key of Object.keys(fields)) {
    if (!(key in entry) && key !== 'exception') entry[key] = spelledOut(fields[key]);
  }
}

/** The same for the format of a transport, where the format of the logger has added no ids. */
export function addMissingIds(entry: CapturedEntry, loggerFormat: object | undefined): void {
  if (entry[INJECTED] !== undefined || entry[SCOPE] === undefined) return;
  addIds(entry, fieldsOfFormat(loggerFormat)?.preset ?? presetOf(undefined));
}

function prepareForFormats(entry: CapturedEntry): void {
  const error = entryError(entry);
  const { message } = entry;
  if (error !== undefined) {
    entry['stack'] ??= readProperty(error, 'stack');
    if (message === error) {
      entry.message = entryMessage(entry);
      entry['error'] ??= error;
    }
  }
  if (entry[SPLAT] !== undefined) entry[UNFORMATTED] = entry.message;
  for (const key of Object.keys(entry)) {
    if (key === 'message') continue;
    const value = readProperty(entry, key);
    const plain = spelledOut(value);
    if (plain !== value) entry[key] = plain;
  }
}

/**
 * The arguments of a call, for winston's `splat()`, which copies the fields of each to the entry:
 * without those that would replace an id, and with values that other formats can write.
 */
function safeArguments(args: unknown, { ids }: Preset): unknown {
  if (!Array.isArray(args)) return args;
  return args.map((value: unknown) => {
    if (!isPlainObject(value)) return value;
    const safe: [string, unknown][] = [];
    let isChanged = false;
    for (const key of Object.keys(value)) {
      const field = readProperty(value, key);
      const plain = spelledOut(field);
      if (Object.hasOwn(ids, key)) isChanged = true;
      else safe.push([key, plain]);
      if (plain !== field || hasGetter(value, key)) isChanged = true;
    }
    return isChanged ? Object.fromEntries(safe) : value;
  });
}

function hasGetter(value: object, key: string): boolean {
  return Object.getOwnPropertyDescriptor(value, key)?.get !== undefined;
}

/** The scope of an entry's call; `null` outside a context. */
export function capturedScope(entry: CapturedEntry): TraceScope | null {
  const scope = entry[SCOPE];
  if (scope !== undefined) return scope;
  warnOnce(
    'TRACING_NOT_CAPTURED',
    'a log entry came to a format without ids. Wrap its logger in traceLogger(…), or pass it to TracingModule.forRoot({ logger })',
  );
  return null;
}
