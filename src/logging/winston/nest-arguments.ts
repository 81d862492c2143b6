import { errorFields, isError, jsonValue, readProperty } from '../../records/json-value.js';

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
 * and anything else is appended to the message. Nothing is left out.
 *
 * @see https://docs.nestjs.com/techniques/logger
 */
export function readNestArguments(
  message: unknown,
  params: readonly unknown[],
  mayHaveStack: boolean,
  entry: NestEntry = { message: '' },
): NestEntry {
  let rest = params;
  if (params.length > 0) {
    const stackAt = mayHaveStack ? stackIndex(params) : -1;
    if (stackAt !== -1) {
      entry['stack'] = params[stackAt];
      rest = params.filter((_, index) => index !== stackAt);
    }
    const context = rest.at(-1);
    if (typeof context === 'string') {
      entry['context'] = context;
      rest = rest.slice(0, -1);
    }
  }
  addMessage(entry, message);
  const others: unknown[] = [];
  for (const value of rest) addParameter(entry, value, others);
  if (others.length > 0) addField(entry, 'args', others);
  return entry;
}

/**
 * The index of the stack: that of a string that looks like one, or of the one right before the
 * context, if both are strings. Loggers with a context of their own call `error(message, stack, context)`.
 */
function stackIndex(params: readonly unknown[]): number {
  const index = params.findIndex((value) => isStack(value));
  if (index !== -1) return index;
  const beforeLast = params.length - 2;
  const isPair = typeof params[beforeLast] === 'string' && typeof params.at(-1) === 'string';
  return isPair ? beforeLast : -1;
}

function isStack(value: unknown): boolean {
  return typeof value === 'string' && STACK_LINE.test(value.slice(0, STACK_WITHIN));
}

function addMessage(entry: NestEntry, value: unknown): void {
  const message = resolveMessage(value);
  if (isError(message)) {
    entry.message = String(readProperty(message, 'message'));
    entry['error'] = message;
  } else if (isPlainObject(message)) {
    const own = readProperty(message, 'message');
    if (typeof own === 'string') entry.message = own;
    addFields(entry, message, typeof own === 'string');
  } else {
    entry.message = textOf(message);
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

function addParameter(entry: NestEntry, value: unknown, others: unknown[]): void {
  if (value === undefined) return;
  if (isError(value)) {
    if (entry['error'] === undefined) entry['error'] = value;
    else others.push(errorFields(value));
  } else if (isPlainObject(value)) {
    addFields(entry, value, false);
  } else if (typeof value === 'object' && value !== null) {
    others.push(value);
  } else {
    entry.message += ` ${textOf(value)}`;
  }
}

function addFields(entry: NestEntry, fields: object, isMessageTaken: boolean): void {
  for (const key of Object.keys(fields)) {
    if (key === 'message' && isMessageTaken) continue;
    addField(entry, key, readProperty(fields, key));
  }
}

/** A field whose name is taken gets a `_` before it, so that nothing is lost. */
function addField(entry: NestEntry, key: string, value: unknown): void {
  let name = key;
  while (RESERVED.has(name) || Object.hasOwn(entry, name)) name = `_${name}`;
  entry[name] = value;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null ? (jsonValue(value) ?? '') : String(value);
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
