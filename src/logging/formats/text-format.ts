import type { Logform } from 'winston';
import type { TraceScope } from '../../trace/trace.js';
import { CALLED_AT, type CapturedEntry } from '../winston/captured-entry.js';
import { entryError, entryMessage, repeatsError } from '../winston/entry-error.js';
import { defaultService } from '../../options/service-name.js';
import { escapeText } from '../../records/control-characters.js';
import {
  accessLogText,
  isAccessLogEntry,
  isInAccessLogText,
  stepsText,
} from '../../records/access-log-text.js';
import { errorText } from '../../records/error-text.js';
import type { PresetName } from '../../records/fields.js';
import { fieldPair } from '../../records/field-pair.js';
import { readProperty } from '../../records/json-value.js';
import { jsonLine } from './json-format.js';
import { lineFormat, type FieldsOfFormat } from './line-format.js';
import { presetOf } from './presets.js';
import { localTimestamp } from '../../records/timestamp.js';
import { capturedScope } from './trace-format.js';

/** What {@link traceText} takes. */
export interface TraceTextOptions {
  /** How many characters of the session id are shown. Default: 8. */
  sessionLength?: number;
  /** Colours for a terminal. Default: `false`. */
  colors?: boolean;
  /** Whether the logger's context (`PaymentService`) is shown before the message. Default: `false`. */
  context?: boolean;
}

const GREY = '90';
const CYAN = '36';
const LEVEL_COLORS: Readonly<Record<string, string>> = {
  fatal: '31',
  error: '31',
  warn: '33',
  info: '32',
};
// These are on every line already, in front of the message, or are for machines.
const NOT_SHOWN = new Set(['level', 'message', 'context', 'timestamp']);
const ID_NAMES = new Set(['trace_id', 'request_id', 'session_id', 'span_id']);

/**
 * The format for people: one line per entry, with its fields after the message as `name=value`. The
 * stack of an error and the steps of a failed request are indented below it.
 *
 * ```
 * 2024-01-15 10:30:15 - INFO - [req=a1b2c3d4|session=12345678] - Processing payment for user Alice
 * ```
 *
 * Time is local. Outside a context both ids are `none`, as is a session that is left out.
 *
 * @publicApi
 *
 * @example
 * traceLogger(createLogger({ format: traceText({ colors: true }), transports }))
 */
export function traceText(options: TraceTextOptions = {}): Logform.Format {
  return textFormat(options, undefined, undefined);
}

/** The text format, with the names that its entries' fields have for transports that read those. */
export function textFormat(
  options: TraceTextOptions,
  presetName: PresetName | undefined,
  service: string | undefined,
): Logform.Format {
  const preset = presetOf(presetName);
  let json: FieldsOfFormat['json'] | undefined;
  return lineFormat(textLine(options), {
    preset,
    json: (entry) => (json ??= jsonLine(preset, service ?? defaultService()))(entry),
    isLine: false,
  });
}

function textLine({
  sessionLength = 8,
  colors = false,
  context = false,
}: TraceTextOptions): (entry: CapturedEntry) => string {
  const paint = colors
    ? (code: string, text: string) => `\u001b[${code}m${text}\u001b[39m`
    : (_code: string, text: string) => text;
  const outside = paint(CYAN, '[req=none|session=none]');
  const writer = {};
  const scopeText = (scope: TraceScope): string => {
    if (scope.renderedBy !== writer) {
      const { requestId, sessionId } = scope.trace;
      const session = sessionId?.slice(0, sessionLength) ?? 'none';
      scope.renderedBy = writer;
      // The user's own validator may have accepted anything.
      scope.rendered = paint(CYAN, `[req=${escapeText(requestId)}|session=${escapeText(session)}]`);
    }
    return scope.rendered;
  };

  return (entry) => {
    const scope = capturedScope(entry);
    const error = entryError(entry);
    const level = escapeText(entry.level);
    let text = `${paint(GREY, localTimestamp(entry[CALLED_AT] ?? Date.now()))} - `;
    text += `${paint(LEVEL_COLORS[level] ?? GREY, level.toUpperCase())} - `;
    text += `${scope === null ? outside : scopeText(scope)} - `;
    if (context && entry['context'] !== undefined) {
      text += `[${escapeText(String(entry['context']))}] `;
    }
    text += escapeText(entryMessage(entry));
    const isAccessLogLine = isAccessLogEntry(entry);
    if (isAccessLogLine) text += escapeText(accessLogText(entry));
    if (scope?.fields !== undefined) {
      for (const key of Object.keys(scope.fields)) {
        if (!Object.hasOwn(entry, key)) text += fieldPair(key, scope.fields[key]);
      }
    }
    let stack = '';
    for (const key of Object.keys(entry)) {
      if (NOT_SHOWN.has(key) || ID_NAMES.has(key)) continue;
      if (isAccessLogLine && isInAccessLogText(key)) continue;
      const value = readProperty(entry, key);
      if (error !== undefined && repeatsError(error, key, value)) continue;
      if (key === 'stack' && typeof value === 'string') stack = indent(value);
      else text += fieldPair(key, value);
    }
    if (isAccessLogLine) stack += stepsText(entry).map(indent).join('');
    return text + stack + (error === undefined ? '' : indent(errorText(error)));
  };
}

/** Lines below an entry start with white space, so that none can be taken for an entry. */
function indent(block: string): string {
  return block
    .split('\n')
    .map((line) => `\n    ${escapeText(line)}`)
    .join('');
}
