import { withoutOwnFrames } from '../../records/own-frames.js';
import { errorFields, isError, jsonValue, readProperty } from '../../records/json-value.js';
import { DEFAULT_LINE_LIMITS, type LineLimits } from '../../records/line-limits.js';
import { fillPlaceholders, fillsPlaceholder, hasPlaceholder } from './placeholders.js';
import { isPlainObject } from './plain-object.js';
import { fieldsOf } from './to-json.js';
import { MAX_FIELDS } from './captured-entry.js';

/** The arguments of a call of a NestJS logger, as an entry's fields. */
export interface NestEntry {
  message: unknown;
  [field: string]: unknown;
}

const STACK_LINE = /\n[ \t]+at .+:\d+:\d+/;
/** A stack starts early: a text of megabytes need not be searched for one. */
const STACK_WITHIN = 64 * 1024;
// `exception` is reserved by winston: a transport leaves such an entry to its exception handlers.
const RESERVED = new Set(['level', 'message', 'exception', '__proto__']);

/**
 * Reads the arguments of a NestJS logger into an entry. The last string is the context. Before it,
 * `error` and `fatal` may have a stack. Objects become fields, an error becomes the entry's `error`,
 * and anything else fills a placeholder of the message (`%s`) or is appended to it. Nothing is left
 * out.
 *
 * As in pino, a string behind an object or an error is the message: `log({ orderId }, 'saved')`. If
 * it is the last argument and begins with a capital and has no space, it is the context.
 *
 * @see https://docs.nestjs.com/techniques/logger
 * @see https://github.com/pinojs/pino/blob/main/docs/api.md#logging-method-parameters
 */
export function readNestArguments(
  message: unknown,
  params: readonly unknown[],
  mayHaveStack: boolean,
  entry: NestEntry = { message: '' },
  limits: LineLimits = DEFAULT_LINE_LIMITS,
): NestEntry {
  // Nearly every call: a text and the context of the logger.
  if (typeof message === 'string' && params.length === 1 && !mayHaveStack) {
    const [context] = params;
    if (typeof context === 'string' && !message.includes('%')) {
      entry.message = message;
      entry['context'] = context;
      return entry;
    }
  }
  const subject = jsonOf(resolveMessage(message));
  if (params.length === 0) {
    addMessage(entry, subject, limits);
    if (entry.message === '') entry.message = errorMessage(entry);
    return entry;
  }
  const isTextBehind = typeof subject === 'object' && subject !== null && !hasText(subject);
  let rest = params;
  const isPairOfTexts = !isTextBehind && textPlaceholders(subject) === 0;
  const stackAt = mayHaveStack ? stackIndex(params, isPairOfTexts) : -1;
  if (stackAt !== -1) {
    entry['stack'] = withoutOwnFrames(params[stackAt]);
    rest = params.filter((_, index) => index !== stackAt);
  }
  const context = rest.at(-1);
  if (typeof context === 'string' && isContext(context, rest, isTextBehind ? undefined : subject)) {
    entry['context'] = context;
    rest = rest.slice(0, -1);
  }
  const textAt = isTextBehind ? rest.findIndex((value) => typeof value === 'string') : -1;
  if (textAt === -1) {
    addMessage(entry, subject, limits);
  } else {
    entry.message = rest[textAt];
    const others = rest.filter((_, index) => index !== textAt);
    if (isError(subject) || isPlainObject(subject)) addParameter(entry, subject, [], limits);
    else others.push(subject);
    rest = others;
  }
  if (rest.length > 0) addParameters(entry, rest, limits);
  if (entry.message === '') entry.message = errorMessage(entry);
  return entry;
}

/** The part of the arguments between message and context. */
function addParameters(entry: NestEntry, params: readonly unknown[], limits: LineLimits): void {
  let rest = params;
  const { message } = entry;
  if (typeof message === 'string' && hasPlaceholder(message)) {
    const filled = fillPlaceholders(message, rest, fills, limits);
    // Without a value, `%%` is a text like any other.
    if (filled.used > 0) {
      entry.message = filled.text;
      const error = rest.slice(0, filled.used).find((value) => isError(value));
      if (error !== undefined) entry['error'] ??= error;
      rest = rest.slice(filled.used);
    }
  }
  const others: unknown[] = [];
  for (const value of rest) addParameter(entry, jsonOf(value), others, limits);
  if (others.length > 0) addField(entry, 'args', others);
}

/** Whether a value may fill a placeholder. NestJS has none for CSS. */
function fills(placeholder: string, value: unknown): boolean {
  return placeholder !== '%c' && fillsPlaceholder(placeholder, value);
}

/** A name of a class, as contexts usually are. */
const CONTEXT_NAME = /^(?:[A-Z]\S*)?$/;
const TEXT_PLACEHOLDER = /%[sjoO]/g;

/**
 * Whether the last string is the context, as in NestJS. Otherwise it is the message behind an object,
 * or what a placeholder lacks.
 *
 * @param subject the first argument; `undefined` if the message is a string behind it.
 */
function isContext(last: string, params: readonly unknown[], subject: unknown): boolean {
  if (typeof subject === 'string' && !subject.includes('%')) return true;
  if (CONTEXT_NAME.test(last)) return true;
  if (subject !== undefined) return textPlaceholders(subject) < params.length;
  const textAt = params.findIndex((value) => typeof value === 'string');
  const values = params.length - 1 - textAt;
  return values > 0 && textPlaceholders(params[textAt]) < values;
}

/** How many placeholders of a message any text may fill. */
function textPlaceholders(message: unknown): number {
  if (typeof message !== 'string' || !message.includes('%')) return 0;
  return message.match(TEXT_PLACEHOLDER)?.length ?? 0;
}

/** Whether an argument is a plain object with a message of its own, as those of winston are. */
function hasText(value: unknown): boolean {
  return isPlainObject(value) && typeof readProperty(value, 'message') === 'string';
}

/** What a plain object says of itself with `toJSON()`; any other value as it is. */
function jsonOf(value: unknown): unknown {
  if (!isPlainObject(value) || typeof readProperty(value, 'toJSON') !== 'function') return value;
  return fieldsOf(value);
}

/** As in pino, an entry without a text has that of its error. */
function errorMessage(entry: NestEntry): string {
  const error = [entry['error'], entry['err']].find((value) => isError(value));
  return error === undefined ? '' : String(readProperty(error, 'message'));
}

/**
 * The index of the stack: that of a string that looks like one, or of the one right before the
 * context, if both are strings. Loggers with a context of their own call `error(message, stack, context)`.
 *
 * @param mayBePair whether a string behind the first argument is neither the message nor a value of it.
 */
function stackIndex(params: readonly unknown[], mayBePair: boolean): number {
  const index = params.findIndex((value) => isStack(value));
  if (index !== -1 || !mayBePair) return index;
  const beforeLast = params.length - 2;
  const isPair = typeof params[beforeLast] === 'string' && typeof params.at(-1) === 'string';
  return isPair ? beforeLast : -1;
}

function isStack(value: unknown): boolean {
  return typeof value === 'string' && STACK_LINE.test(value.slice(0, STACK_WITHIN));
}

function addMessage(entry: NestEntry, message: unknown, limits: LineLimits): void {
  if (isError(message)) {
    entry.message = String(readProperty(message, 'message'));
    entry['error'] = message;
  } else if (isPlainObject(message)) {
    const own = readProperty(message, 'message');
    if (typeof own === 'string') entry.message = own;
    addFields(entry, message, typeof own === 'string');
  } else {
    entry.message = textOf(message, limits);
  }
}

/** NestJS logs the name of a class and calls any other function. */
function resolveMessage(message: unknown): unknown {
  if (typeof message !== 'function') return message;
  if (Function.prototype.toString.call(message).startsWith('class ')) return message.name;
  try {
    return resolveMessage((message as () => unknown)());
  } catch (error) {
    return error;
  }
}

function addParameter(
  entry: NestEntry,
  value: unknown,
  others: unknown[],
  limits: LineLimits,
): void {
  if (value === undefined) return;
  if (isError(value)) {
    if (entry['error'] === undefined) entry['error'] = value;
    else others.push(errorFields(value));
  } else if (isPlainObject(value)) {
    addFields(entry, value, false);
  } else if (typeof value === 'object' && value !== null) {
    others.push(value);
  } else {
    entry.message =
      entry.message === ''
        ? textOf(value, limits)
        : `${String(entry.message)} ${textOf(value, limits)}`;
  }
}

function addFields(entry: NestEntry, fields: object, isMessageTaken: boolean): void {
  const keys = Object.keys(fields);
  // No line has room for more.
  if (keys.length > MAX_FIELDS) {
    addField(entry, 'omitted_fields', keys.length - MAX_FIELDS);
    keys.length = MAX_FIELDS;
  }
  for (const key of keys) {
    if (key === 'message' && isMessageTaken) continue;
    const value = readProperty(fields, key);
    // Of an object that is its own JSON: it would answer for the whole entry, its ids included.
    if (key === 'toJSON' && typeof value === 'function') continue;
    addField(entry, key, value);
  }
}

/** A field whose name is taken gets a `_` before it, so that nothing is lost. */
function addField(entry: NestEntry, key: string, value: unknown): void {
  let name = key;
  while (RESERVED.has(name) || Object.hasOwn(entry, name)) name = `_${name}`;
  entry[name] = value;
}

function textOf(value: unknown, { redaction, maxBytes }: LineLimits): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null
    ? (jsonValue(value, redaction, maxBytes) ?? '')
    : String(value);
}
