import { jsonValue, readProperty } from './json-value.js';

/** What a call of a NestJS logger says, as an entry's fields. */
export interface NestEntry {
  message: string;
  [field: string]: unknown;
}

const STACK = /^(.)+\n\s+at .+:\d+:\d+/;
const RESERVED = new Set(['level', 'message', '__proto__']);

/**
 * Reads the arguments of a NestJS logger, which stand for different things: the last string is
 * the context; before it, of `error` and `fatal`, may be a stack. Objects are fields, an error is
 * the entry's `error`, what else there is joins the message. Nothing is left out.
 *
 * @see https://docs.nestjs.com/techniques/logger
 */
export function readNestArguments(
  message: unknown,
  params: readonly unknown[],
  mayHaveStack: boolean,
): NestEntry {
  const entry: NestEntry = { message: '' };
  let end = params.length;
  if (end > 0) {
    const stackAt = mayHaveStack ? stackIndex(params) : -1;
    if (stackAt !== -1) entry['stack'] = params[stackAt];
    if (stackAt === end - 1) end--;
    const last = params[end - 1];
    if (end > 0 && typeof last === 'string') {
      entry['context'] = last;
      end--;
    }
    if (stackAt === end - 1 && stackAt !== -1) end--;
  }
  addMessage(entry, message);
  for (let i = 0; i < end; i++) addParameter(entry, params[i]);
  return entry;
}

/**
 * Where the stack stands: last, if it looks like one; before the context, if it is a string.
 * Loggers with a context of their own call `error(message, stack, context)`.
 */
function stackIndex(params: readonly unknown[]): number {
  const last = params.length - 1;
  if (isStack(params[last])) return last;
  return last > 0 && typeof params[last] === 'string' && typeof params[last - 1] === 'string'
    ? last - 1
    : -1;
}

function isStack(value: unknown): boolean {
  return typeof value === 'string' && STACK.test(value);
}

function addMessage(entry: NestEntry, value: unknown): void {
  const message = resolveMessage(value);
  if (message instanceof Error) {
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

/** NestJS takes a class for its name and calls any other function. */
function resolveMessage(message: unknown): unknown {
  if (typeof message !== 'function') return message;
  if (Function.prototype.toString.call(message).startsWith('class ')) return message.name;
  return resolveMessage((message as () => unknown)());
}

function addParameter(entry: NestEntry, value: unknown): void {
  if (value === undefined) return;
  if (value instanceof Error && entry['error'] === undefined) {
    entry['error'] = value;
  } else if (isPlainObject(value)) {
    addFields(entry, value, false);
  } else if (typeof value === 'object' && value !== null) {
    ((entry['args'] ??= []) as unknown[]).push(value);
  } else {
    entry.message += ` ${textOf(value)}`;
  }
}

/** Copies fields; one whose name is taken gets a `_` before it, so that nothing is lost. */
function addFields(entry: NestEntry, fields: object, isMessageTaken: boolean): void {
  for (const key of Object.keys(fields)) {
    if (key === 'message' && isMessageTaken) continue;
    const isTaken = RESERVED.has(key) || (key === 'context' && 'context' in entry);
    entry[isTaken ? `_${key}` : key] = readProperty(fields, key);
  }
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
