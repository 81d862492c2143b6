import { format, type Logform } from 'winston';
import { answersProbe, notePresetFormat } from '../../options/preset-formats.js';
import { warnOnce } from '../../records/warnings.js';
import { TRACE_FORMAT } from '../../options/option-places.js';
import {
  completeLimits,
  formatLimits,
  type LineLimitOptions,
} from '../../options/redact-options.js';
import { tellsOfFault } from '../../records/fault-fields.js';
import type { PresetName } from '../../records/field.js';
import { holdsId, isIdName } from '../../records/id-field-names.js';
import type { LineLimits } from '../../records/line-limits.js';
import { withoutOwnFrames } from '../../records/own-frames.js';
import type { TraceFields } from '../../records/request-record.js';
import type { TraceScope } from '../../trace/trace.js';
import {
  INJECTED,
  LINE_LIMITS,
  MAX_FIELDS,
  SCOPE,
  UNFORMATTED,
  type CapturedEntry,
} from '../winston/captured-entry.js';
import { entryError, entryMessage, hidesField } from '../winston/entry-error.js';
import { isPlainObject } from '../winston/plain-object.js';
import { PlainFields, spelledOut } from '../winston/spelled-out.js';
import { SPLAT } from '../winston/winston-symbols.js';
import { faultOf } from '../../records/error-fields.js';
import { cutText } from '../../records/json-text.js';
import { isError, readProperty } from '../../records/json-value.js';
import { fieldsOfFormat } from './line-format.js';
import { idFields, presetOf, type Preset } from './presets.js';
import { addRecordedTime } from './recorded-time.js';

/** What {@link traceFormat} takes. */
export interface TraceFormatOptions extends LineLimitOptions {
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
  const limits = formatLimits(TRACE_FORMAT, options, options.preset);
  const preset = presetOf(options.preset);
  const hasPreset = options.preset !== undefined;
  const made = format((info) => {
    if (!(hasPreset && answersProbe(info))) addIds(info, preset, limits);
    return info;
  })();
  if (hasPreset) notePresetFormat(made);
  return made;
}

/**
 * Adds the ids to an entry as plain fields, and what winston's own formats expect of an error: its
 * text in `message` and its `stack`. What other formats write of the entry is redacted and limited.
 *
 * @param own limits that the options of the logger's application do not change.
 */
export function addIds(
  entry: CapturedEntry,
  preset: Preset,
  own: Partial<LineLimits> = NO_LIMITS,
): void {
  const scope = capturedScope(entry);
  const injected = entry[INJECTED];
  const limits = completeLimits(own, entry[LINE_LIMITS]);
  const values = new PlainFields(limits);
  if (injected === undefined) prepareForFormats(entry, limits, values);
  else if (injected !== preset.ids) {
    for (const name of Object.keys(injected)) delete entry[name];
  }
  entry[INJECTED] = preset.ids;
  if (entry[SPLAT] !== undefined) entry[SPLAT] = safeArguments(entry[SPLAT], limits);
  Object.assign(entry, idFields(preset, scope));
  const fields = scope?.fields;
  if (fields !== undefined) addFields(entry, fields, values);
  if (values.isCut) markAsCut(entry, values.omitted);
}

const NO_LIMITS: Partial<LineLimits> = Object.freeze({});

/** The same for the format of a transport, where the format of the logger has added no ids. */
export function addMissingIds(entry: CapturedEntry, loggerFormat: object | undefined): void {
  if (entry[INJECTED] !== undefined || entry[SCOPE] === undefined) return;
  addIds(entry, fieldsOfFormat(loggerFormat)?.preset ?? presetOf(undefined));
}

function addFields(entry: CapturedEntry, fields: TraceFields, values: PlainFields): void {
  for (const key of Object.keys(fields)) {
    const isId = isIdName(key);
    if ((!isId && Object.hasOwn(entry, key)) || key === 'exception' || key === '__proto__')
      continue;
    const value = values.field(key, fields[key]);
    if (value === undefined) continue;
    entry[isId || holdsId(key, value) ? freeName(entry, key) : key] = value;
  }
}

function prepareForFormats(entry: CapturedEntry, limits: LineLimits, values: PlainFields): void {
  const error = entryError(entry);
  const { message } = entry;
  if (error !== undefined) {
    const stack = readProperty(error, 'stack');
    // winston has copied it, with all frames, where the error follows a message.
    if ((entry['stack'] ?? stack) === stack) entry['stack'] = withoutOwnFrames(stack);
    if (message === error) {
      entry.message = entryMessage(entry, limits);
      entry['error'] ??= error;
    }
  }
  if (typeof entry.message === 'string' && entry.message.length > limits.maxBytes >> 1) {
    entry.message = JSON.parse(cutText(entry.message, limits.maxBytes >> 1));
  } else if (typeof entry.message === 'object') {
    entry.message = spelledOut(entry.message, limits);
  }
  if (entry[SPLAT] !== undefined) entry[UNFORMATTED] = entry.message;
  addRecordedTime(entry);
  for (const key of Object.keys(entry)) {
    if (key === 'message' || key === 'level') continue;
    const given = readProperty(entry, key);
    // winston copies the cause of an error to the entry.
    const isCause = key === 'cause' && error !== undefined && given === readProperty(error, key);
    const value = isCause ? faultOf(given) : given;
    const isHidden = error !== undefined && key !== 'stack' && hidesField(entry, error, key, value);
    const plain = isHidden ? undefined : values.field(key, value);
    if (isIdName(key) || holdsId(key, plain)) {
      delete entry[key];
      entry[freeName(entry, key)] = plain;
    } else if (plain === undefined && value !== undefined) delete entry[key];
    else if (plain !== given) entry[key] = plain;
  }
}

/** A name for a field that would be read as an id. */
function freeName(entry: object, key: string): string {
  let free = `_${key}`;
  while (Object.hasOwn(entry, free)) free = `_${free}`;
  return free;
}

function markAsCut(entry: CapturedEntry, omitted: number): void {
  entry['truncated'] ??= true;
  if (omitted > 0) entry['omitted_fields'] ??= omitted;
}

/**
 * The arguments of a call, for winston's `splat()`, which copies the fields of each to the entry:
 * without those that would replace an id, and with values that other formats can write.
 */
function safeArguments(args: unknown, limits: LineLimits): unknown {
  if (!Array.isArray(args)) return args;
  return args.map((value: unknown) => {
    if (isError(value)) return safeError(value);
    if (!isPlainObject(value)) return value;
    const safe: [string, unknown][] = [];
    let isChanged = false;
    const values = new PlainFields(limits);
    const keys = Object.keys(value);
    if (keys.length > MAX_FIELDS) {
      isChanged = true;
      keys.length = MAX_FIELDS;
    }
    for (const key of keys) {
      const field = readProperty(value, key);
      const plain = values.field(key, field);
      if (isIdName(key) || (plain === undefined && field !== undefined)) isChanged = true;
      else safe.push([key, plain]);
      if (plain !== field || hasGetter(value, key)) isChanged = true;
    }
    return isChanged ? Object.fromEntries(safe) : value;
  });
}

/** An error with those of its own fields that are written; itself if it has no others. */
function safeError(error: Error): Error {
  try {
    const own = Object.keys(error);
    if (own.every((key) => tellsOfFault(key))) return error;
    const { name, message, stack } = error;
    const copy = Object.create(Object.getPrototypeOf(error) as object, {
      name: { value: name, configurable: true, writable: true },
      message: { value: message, configurable: true, writable: true },
      stack: { value: stack, configurable: true, writable: true },
    }) as Error;
    for (const key of own) {
      if (tellsOfFault(key)) Object.assign(copy, { [key]: readProperty(error, key) });
    }
    return copy;
  } catch {
    // A proxy whose traps throw.
    return new Error('[unreadable]');
  }
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
    'a log entry reached a format of nestjs-tracing without its ids. Wrap its logger in traceLogger(…), or pass it to TracingModule.forRoot({ logger })',
  );
  return null;
}
