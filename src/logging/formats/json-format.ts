import type { Logform } from 'winston';
import { checkString, ownedBy } from '../../options/check-value.js';
import { TRACE_JSON } from '../../options/option-places.js';
import {
  completeLimits,
  formatLimits,
  type LineLimitOptions,
} from '../../options/redact-options.js';
import { defaultService } from '../../options/service-name.js';
import type { PresetName } from '../../records/field.js';
import type { TraceScope } from '../../trace/trace.js';
import { CALLED_AT, LINE_LIMITS, type CapturedEntry } from '../winston/captured-entry.js';
import { entryError, entryMessage } from '../winston/entry-error.js';
import { quoteJson } from '../../records/control-characters.js';
import type { PresetAccessLog } from './preset-field-names.js';
import { isAccessLogEntry } from '../../records/access-log-text.js';
import { fits } from '../../records/json-text.js';
import { jsonValue } from '../../records/json-value.js';
import type { JsonWriter } from '../../records/json-writer.js';
import type { LineLimits } from '../../records/line-limits.js';
import { NameCache, ownCopy } from '../../records/name-cache.js';
import type { Redaction } from '../../records/redaction.js';
import { cutLine } from './cut-line.js';
import { FreeNames } from './free-names.js';
import { ownFields } from './own-fields.js';
import { idFields, presetOf, type Preset } from './presets.js';
import { lineFormat } from './line-format.js';
import { isoTimestamp } from '../../records/timestamp.js';
import { capturedScope } from './trace-format.js';

/** What {@link traceJson} takes. */
export interface TraceJsonOptions extends LineLimitOptions {
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
 * of the entry that has one of these names, or the name that any preset has for an id, is written
 * with a `_` before it. A line that is larger than `maxEntryBytes` is cut, and has the field
 * `truncated`. Where `redact` or `maxEntryBytes` is not given here, that of `TracingModule.forRoot`
 * counts.
 *
 * @publicApi
 *
 * @example
 * traceLogger(createLogger({ format: traceJson({ service: 'payments' }), transports }))
 */
export function traceJson(options: TraceJsonOptions = {}): Logform.Format {
  const limits = formatLimits(TRACE_JSON, options, options.preset);
  ownedBy(TRACE_JSON.owner, () => checkString('service', options.service));
  const preset = presetOf(options.preset);
  const json = jsonLine(preset, options.service ?? defaultService(), limits);
  const hasPreset = options.preset !== undefined;
  return lineFormat(json, { preset, json, isLine: true }, hasPreset, limits);
}

/** How many contexts are kept: the names of classes, but a call may have any. */
const MAX_CONTEXTS = 256;
/** How many names of levels are kept, of which loggers have few. */
const MAX_LEVELS = 32;

/**
 * Makes the function that writes an entry as one line of JSON.
 *
 * @param own limits that the options of the logger's application do not change.
 */
export function jsonLine(
  preset: Preset,
  service: string,
  own: Partial<LineLimits> = {},
): (entry: CapturedEntry) => string {
  const timestampKey = `{${quoteJson(preset.timestamp)}:"`;
  const levelKey = `",${quoteJson(preset.level)}:`;
  const messageKey = `,${quoteJson(preset.message)}:`;
  const contextKey = `,${quoteJson(preset.context)}:`;
  const constants = plainMembers(preset.constants(service));
  const outside = plainMembers(idFields(preset, null)) + constants;
  const ids = Object.keys(preset.ids).map(
    (name) => [`,${quoteJson(name)}:`, preset.ids[name]!] as const,
  );
  const reserved = reservedNames(preset, service);
  const ownLimits = completeLimits(own);
  const isLimited = own.maxBytes !== undefined && own.redaction !== undefined;
  const { levelName } = preset;
  // There are few levels, and each is always written the same way.
  const levels = new NameCache<string>(MAX_LEVELS);
  const levelJson = (level: string): string => {
    let json = levels.get(level);
    if (json === undefined) {
      json = jsonValue(levelName === undefined ? level : levelName(level), undefined, 256) ?? '""';
      const kept = json;
      levels.keep(level, () => ownCopy(kept));
    }
    return json;
  };

  const writer = {};
  // A logger has the same context in each of its lines.
  const contexts = new NameCache<string>(MAX_CONTEXTS);
  const contextJson = (context: string): string => {
    let json = contexts.get(context);
    if (json === undefined) {
      json = contextKey + quoteJson(context);
      const kept = json;
      contexts.keep(context, () => ownCopy(kept));
    }
    return json;
  };
  const scopeJson = (scope: TraceScope): string => {
    if (scope.renderedBy !== writer) {
      scope.renderedBy = writer;
      let rendered = '';
      for (const [key, valueIn] of ids) {
        const value = valueIn(scope);
        if (value !== undefined) rendered += key + jsonValue(value, undefined, MAX_ID_BYTES);
      }
      scope.rendered = rendered + constants;
    }
    return scope.rendered;
  };
  const limitsFor = (entry: CapturedEntry): LineLimits => {
    const given = entry[LINE_LIMITS];
    if (given === undefined || isLimited) return ownLimits;
    return own.maxBytes === undefined && own.redaction === undefined
      ? given
      : completeLimits(own, given);
  };

  return (entry) => {
    const limits = limitsFor(entry);
    const scope = capturedScope(entry);
    const error = entryError(entry);
    const message = entryMessage(entry, limits);
    // The newline is one byte of it.
    const room = limits.maxBytes - 1;
    const start =
      timestampKey +
      isoTimestamp(entry[CALLED_AT] ?? Date.now()) +
      levelKey +
      levelJson(entry.level) +
      messageKey;
    const afterMessage = scope === null ? outside : scopeJson(scope);
    const { context } = entry;
    const renamed =
      preset.accessLog !== undefined && isAccessLogEntry(entry) ? preset.accessLog : undefined;
    const added = addedFields(preset, renamed, entry, error, limits.redaction);
    let before: JsonWriter | undefined;
    if (message.length <= room && !(typeof context === 'string' && context.length > room)) {
      let json = start + quoteJson(message) + afterMessage;
      if (typeof context === 'string') json += contextJson(context);
      else if (context !== undefined) {
        json += contextKey + (jsonValue(context, limits.redaction, room) ?? 'null');
      }
      const fields = ownFields(entry, scope, error, renamed, added, reserved, limits, room);
      if (typeof fields === 'string') {
        json += `${fields}}`;
        if (fits(json, room)) return json;
      } else {
        before = fields;
      }
    }
    const names = new FreeNames(entry, scope?.fields, reserved, added);
    return cutLine({
      entry,
      message,
      start,
      afterMessage,
      contextKey,
      context,
      error,
      renamed,
      added,
      fields: scope?.fields,
      names,
      redaction: limits.redaction,
      room,
      before,
    });
  };
}

/** The longest id that is written. Only an application's own validator takes longer ones. */
const MAX_ID_BYTES = 1000;

/** The fields of an entry's error and of an access log line; `undefined` for most entries. */
function addedFields(
  preset: Preset,
  renamed: PresetAccessLog | undefined,
  entry: CapturedEntry,
  error: Error | undefined,
  redaction: Redaction,
): Readonly<Record<string, unknown>> | undefined {
  if (error === undefined) return renamed?.fieldsOf(entry, redaction);
  const fields = preset.error(error, redaction);
  return renamed === undefined ? fields : { ...renamed.fieldsOf(entry, redaction), ...fields };
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

/** What is known at startup, or was checked. */
function plainMembers(record: Readonly<Record<string, unknown>>): string {
  let json = '';
  for (const key of Object.keys(record)) {
    const value = jsonValue(record[key]);
    if (value !== undefined) json += `,${quoteJson(key)}:${value}`;
  }
  return json;
}
