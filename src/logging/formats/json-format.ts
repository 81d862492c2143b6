import type { Logform } from 'winston';
import { defaultService } from '../../options/service-name.js';
import type { PresetName } from '../../records/fields.js';
import type { TraceScope } from '../../trace/trace.js';
import { CALLED_AT, INJECTED, type CapturedEntry } from '../winston/captured-entry.js';
import { entryError, entryMessage, repeatsError } from '../winston/entry-error.js';
import { quoteJson } from '../../records/control-characters.js';
import type { PresetAccessLog } from './preset-field-names.js';
import { isAccessLogEntry } from '../../records/access-log-text.js';
import { jsonValue, readProperty } from '../../records/json-value.js';
import { idFields, presetOf, type Preset } from './presets.js';
import { lineFormat } from './line-format.js';
import { isoTimestamp } from '../../records/timestamp.js';
import { capturedScope } from './trace-format.js';

/** What {@link traceJson} takes. */
export interface TraceJsonOptions {
  /** The field names of a log backend. */
  preset?: PresetName;
  /**
   * The name of the application. Default: `OTEL_SERVICE_NAME`, else the name in the nearest
   * `package.json`, else `unknown_service:node`.
   */
  service?: string;
}

/**
 * Formats timestamp, ids, errors and JSON in a single pass. It is used alone: it needs no other
 * format.
 *
 * Fields, in this order: `timestamp`, `level`, `message`, `trace_id`, `request_id`, `session_id`,
 * `span_id`, `service`, `context`, then those of `TraceContext.set` and the entry's own. A field
 * of the entry that has one of these names is written with a `_` before it.
 *
 * @publicApi
 *
 * @example
 * traceLogger(createLogger({ format: traceJson({ service: 'payments' }), transports }))
 */
export function traceJson(options: TraceJsonOptions = {}): Logform.Format {
  const preset = presetOf(options.preset);
  const json = jsonLine(preset, options.service ?? defaultService());
  const hasPreset = options.preset !== undefined;
  return lineFormat(json, { preset, json, isLine: true }, hasPreset);
}

/** Makes the function that writes an entry as one line of JSON. */
export function jsonLine(preset: Preset, service: string): (entry: CapturedEntry) => string {
  const timestampKey = `{${quoteJson(preset.timestamp)}:"`;
  const levelKey = `",${quoteJson(preset.level)}:`;
  const messageKey = `,${quoteJson(preset.message)}:`;
  const contextKey = `,${quoteJson(preset.context)}:`;
  const constants = members(preset.constants(service));
  const outside = members(idFields(preset, null)) + constants;
  const ids = Object.keys(preset.ids).map((name) => [keyJson(name), preset.ids[name]!] as const);
  const reserved = reservedNames(preset, service);
  // There are few levels, and each is always written the same way.
  const levels = new Map<string, string>();
  const levelJson = (level: string): string => {
    let json = levels.get(level);
    if (json === undefined) {
      json = quoteJson(preset.levelName?.(level) ?? level);
      if (levels.size < 32) levels.set(level, json);
    }
    return json;
  };

  const writer = {};
  const scopeJson = (scope: TraceScope): string => {
    if (scope.renderedBy !== writer) {
      scope.renderedBy = writer;
      let rendered = '';
      for (const [key, valueIn] of ids) {
        const value = valueIn(scope);
        if (value !== undefined) rendered += key + jsonValue(value);
      }
      scope.rendered = rendered + constants;
    }
    return scope.rendered;
  };

  return (entry) => {
    const scope = capturedScope(entry);
    const time = isoTimestamp(entry[CALLED_AT] ?? Date.now());
    const error = entryError(entry);
    let json =
      timestampKey +
      time +
      levelKey +
      levelJson(entry.level) +
      messageKey +
      quoteJson(entryMessage(entry)) +
      (scope === null ? outside : scopeJson(scope));
    const { context, [INJECTED]: injected } = entry;
    if (context !== undefined) json += contextKey + (jsonValue(context) ?? 'null');
    const renamed =
      preset.accessLog !== undefined && isAccessLogEntry(entry) ? preset.accessLog : undefined;
    const added = addedFields(preset, renamed, entry, error);
    const fields = scope?.fields;
    if (fields !== undefined) {
      for (const key of Object.keys(fields)) {
        if (!Object.hasOwn(entry, key))
          json += memberJson(freeName(key, entry, reserved, added), fields[key]);
      }
    }
    for (const key of Object.keys(entry)) {
      if (key === 'level' || key === 'message' || key === 'context') continue;
      if (renamed?.replaced.has(key)) continue;
      if (injected !== undefined && Object.hasOwn(injected, key)) continue;
      const value = readProperty(entry, key);
      if (error !== undefined && repeatsError(error, key, value)) continue;
      json += memberJson(freeName(key, entry, reserved, added), value);
    }
    if (added !== undefined) json += members(added);
    return `${json}}`;
  };
}

/** The fields of an entry's error and of an access log line; `undefined` for most entries. */
function addedFields(
  preset: Preset,
  renamed: PresetAccessLog | undefined,
  entry: CapturedEntry,
  error: Error | undefined,
): Readonly<Record<string, unknown>> | undefined {
  if (error === undefined) return renamed?.fieldsOf(entry);
  const fields = preset.error(error);
  return renamed === undefined ? fields : { ...renamed.fieldsOf(entry), ...fields };
}

/** The key itself, unless the line has it already: then with as many `_` as are needed. */
function freeName(
  key: string,
  entry: CapturedEntry,
  reserved: ReadonlySet<string>,
  added: object | undefined,
): string {
  if (!reserved.has(key) && (added === undefined || !Object.hasOwn(added, key))) {
    return key;
  }
  let free = `_${key}`;
  while (Object.hasOwn(entry, free)) free = `_${free}`;
  return free;
}

function memberJson(name: string, value: unknown): string {
  const json = jsonValue(value);
  return json === undefined ? '' : keyJson(name) + json;
}

// There are few names of fields, and they are repeated on every line.
const keys = new Map<string, string>();
const MAX_KEYS = 1000;

function keyJson(name: string): string {
  let json = keys.get(name);
  if (json === undefined) {
    json = `,${quoteJson(name)}:`;
    if (keys.size < MAX_KEYS) keys.set(name, json);
  }
  return json;
}

/** Names that a field of an entry may not have: the line would have them twice. */
function reservedNames(preset: Preset, service: string): ReadonlySet<string> {
  return new Set([
    '__proto__',
    preset.timestamp,
    preset.level,
    preset.message,
    preset.context,
    ...Object.keys(preset.ids),
    ...Object.keys(preset.constants(service)),
  ]);
}

function members(record: Readonly<Record<string, unknown>>): string {
  let json = '';
  for (const key of Object.keys(record)) json += memberJson(key, record[key]);
  return json;
}
