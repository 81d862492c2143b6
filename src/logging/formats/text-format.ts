import type { Logform } from 'winston';
import type { TraceScope } from '../../trace/trace.js';
import { CALLED_AT, LINE_LIMITS, type CapturedEntry } from '../winston/captured-entry.js';
import { entryError, entryMessage, repeatsError } from '../winston/entry-error.js';
import { defaultService } from '../../options/service-name.js';
import { escapeText } from '../../records/control-characters.js';
import { isAccessLogEntry, isInAccessLogText } from '../../records/access-log-text.js';
import { errorText } from '../../records/error-text.js';
import type { PresetName } from '../../records/field.js';
import { fits } from '../../records/json-text.js';
import { jsonValue, readProperty } from '../../records/json-value.js';
import { checkBoolean, invalid, ownedBy } from '../../options/check-value.js';
import { TRACE_TEXT } from '../../options/option-places.js';
import {
  completeLimits,
  formatLimits,
  lineLimits,
  type LineLimitOptions,
} from '../../options/redact-options.js';
import type { Redaction } from '../../records/redaction.js';
import type { LineLimits } from '../../records/line-limits.js';
import { ownValue } from '../../records/own-value.js';
import { jsonLine } from './json-format.js';
import { cutTextLine, cutTo, isOnLine, phraseOf, stepsBlock, TextPairs } from './text-pairs.js';
import { lineFormat, type FieldsOfFormat } from './line-format.js';
import { presetOf } from './presets.js';
import { localTimestamp } from '../../records/timestamp.js';
import { capturedScope } from './trace-format.js';

/** What {@link traceText} takes. */
export interface TraceTextOptions extends LineLimitOptions {
  /** How many characters of the session id are shown; `Infinity` for all. Default: 8. */
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
  formatLimits(TRACE_TEXT, options);
  ownedBy(TRACE_TEXT.owner, () => {
    const { sessionLength, colors, context } = options;
    checkBoolean('colors', colors);
    checkBoolean('context', context);
    const isAll = sessionLength === undefined || sessionLength === Infinity;
    if (isAll || (Number.isInteger(sessionLength) && sessionLength >= 0)) return;
    throw invalid(
      'sessionLength',
      sessionLength,
      'a whole number of characters, 0 or more, or `Infinity` for all',
    );
  });
  return textFormat(options, undefined, undefined);
}

/** The text format, with the names that its entries' fields have for transports that read those. */
export function textFormat(
  options: TraceTextOptions,
  presetName: PresetName | undefined,
  service: string | undefined,
): Logform.Format {
  const preset = presetOf(presetName);
  const limits = lineLimits(options);
  let json: FieldsOfFormat['json'] | undefined;
  return lineFormat(
    textLine(options, limits),
    {
      preset,
      json: (entry) => (json ??= jsonLine(preset, service ?? defaultService(), limits))(entry),
      isLine: false,
    },
    false,
    limits,
  );
}

function textLine(
  { sessionLength = 8, colors = false, context = false }: TraceTextOptions,
  own: Partial<LineLimits>,
): (entry: CapturedEntry) => string {
  const paint = colors
    ? (code: string, text: string) => `\u001b[${code}m${text}\u001b[39m`
    : (_code: string, text: string) => text;
  const outside = paint(CYAN, '[req=none|session=none]');
  const ownLimits = completeLimits(own);
  const writer = {};
  const scopeText = (scope: TraceScope): string => {
    if (scope.renderedBy !== writer) {
      const { requestId, sessionId } = scope.trace;
      const session = sessionId?.slice(0, sessionLength) ?? 'none';
      scope.renderedBy = writer;
      // The user's own validator may have accepted anything.
      scope.rendered = paint(
        CYAN,
        `[req=${escapeText(requestId.slice(0, MAX_ID))}|session=${escapeText(session.slice(0, MAX_ID))}]`,
      );
    }
    return scope.rendered;
  };

  return (entry) => {
    const given = entry[LINE_LIMITS];
    const limits = given === undefined ? ownLimits : completeLimits(own, given);
    const scope = capturedScope(entry);
    const level = escapeText(entry.level.slice(0, MAX_LEVEL));
    let head = `${paint(GREY, localTimestamp(entry[CALLED_AT] ?? Date.now()))} - `;
    head += `${paint(ownValue(LEVEL_COLORS, level) ?? GREY, level.toUpperCase())} - `;
    head += `${scope === null ? outside : scopeText(scope)} - `;
    if (context && entry['context'] !== undefined)
      head += `[${contextText(entry, limits.redaction)}] `;
    const message = entryMessage(entry, limits);
    const error = entryError(entry);
    // The newline is one byte of it.
    const room = limits.maxBytes - 1;
    const { redaction } = limits;
    let pairs: TextPairs | undefined;
    if (message.length <= room) {
      pairs = new TextPairs(redaction, room, false);
      const rest = textFields(entry, scope, error, limits, pairs);
      if (rest !== undefined) {
        const text = head + escapeText(message) + rest;
        if (fits(text, room)) return text;
      }
    }
    return cutTextLine(entry, scope, error, head, message, redaction, room, pairs);
  };
}

/** The longest id that is shown. Only an application's own validator takes longer ones. */
const MAX_ID = 300;
const MAX_LEVEL = 100;
const MAX_CONTEXT = 200;

function contextText({ context }: CapturedEntry, redaction: Redaction): string {
  const text =
    typeof context === 'string' ? context : (jsonValue(context, redaction, MAX_CONTEXT) ?? '');
  return escapeText(cutTo(text, MAX_CONTEXT));
}

/** What follows the message; `undefined` if it is too large. */
function textFields(
  entry: CapturedEntry,
  scope: TraceScope | null,
  error: Error | undefined,
  { redaction }: LineLimits,
  pairs: TextPairs,
): string | undefined {
  const isAccessLogLine = isAccessLogEntry(entry);
  let text = isAccessLogLine ? phraseOf(entry, redaction) : '';
  const fields = scope?.fields;
  if (fields !== undefined) {
    for (const key of Object.keys(fields)) {
      if (!Object.hasOwn(entry, key)) text += pairs.pair(key, fields[key]);
      if (pairs.isOver) return undefined;
    }
  }
  let stack = '';
  for (const key of Object.keys(entry)) {
    if (isOnLine(key)) continue;
    if (isAccessLogLine && isInAccessLogText(key)) continue;
    const value = readProperty(entry, key);
    if (error !== undefined && repeatsError(entry, error, key, value)) continue;
    if (key === 'stack' && typeof value === 'string') stack = pairs.block(value);
    else text += pairs.pair(key, value);
    if (pairs.isOver) return undefined;
  }
  if (isAccessLogLine) stack += stepsBlock(entry);
  if (error !== undefined) stack += pairs.block(errorText(error, redaction));
  return pairs.isOver ? undefined : text + stack;
}
