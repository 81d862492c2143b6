import { types } from 'node:util';
import { FAULT_FIELDS } from './fault-fields.js';
import { moreCharacters } from './json-text.js';
import { withoutOwnFrames } from './own-frames.js';
import { withoutParameters } from './parameters-in-text.js';
import { withoutQuotes } from './quotes-in-text.js';

/** The value of a property, or the text `[Threw: …]` if its getter throws. */
export function readProperty(record: object, key: string | number | symbol): unknown {
  try {
    return (record as Record<string | number | symbol, unknown>)[key];
  } catch (error) {
    return `[Threw: ${messageOf(error)}]`;
  }
}

/** Whether there is such a property; `false` where a proxy throws. */
function hasProperty(record: object, key: string): boolean {
  try {
    return key in record;
  } catch {
    // The trap of a proxy.
    return false;
  }
}

function hasOwnProperty(record: object, key: string): boolean {
  try {
    return Object.hasOwn(record, key);
  } catch {
    // The trap of a proxy.
    return false;
  }
}

/** Whether a value is an error, also one of another realm, such as a test runner or `node:vm`. */
export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error || types.isNativeError(value);
  } catch {
    // A proxy that was revoked, or whose trap throws.
    return false;
  }
}

/**
 * The fields of an error, including those that `JSON.stringify` omits: name, message, stack, its
 * causes, and of its own fields those of {@link FAULT_FIELDS}. A cause that is no error is shown by
 * its name, its message and the same fields.
 */
export function errorFields(error: Error): Record<string, unknown> {
  const fields: Record<string, unknown> = {
    name: readProperty(error, 'name'),
    message: messageWithReasons(error),
    stack: shownStack(error),
  };
  if (hasProperty(error, 'cause')) fields['cause'] = faultOf(readProperty(error, 'cause'));
  if (hasProperty(error, 'errors')) fields['errors'] = faultOf(readProperty(error, 'errors'));
  addFault(fields, error);
  return fields;
}

/** How many messages of one error are shown, and how long they may be in all. */
const MAX_REASONS = 20;
const MAX_REASON = 2000;

/**
 * The message of an error. An `HttpException` that was made with an object, as a pipe makes one for
 * each property that it refuses, has the reasons in there.
 */
export function messageWithReasons(error: Error): unknown {
  const message = shownMessage(error);
  if (typeof readProperty(error, 'getStatus') !== 'function') return message;
  const response = readProperty(error, 'response');
  const given = typeof response === 'string' ? undefined : messageIn(response);
  if (!Array.isArray(given)) return typeof given === 'string' ? withoutQuotes(given) : message;
  const reasons = given.slice(0, MAX_REASONS).filter((reason) => typeof reason === 'string');
  if (reasons.length === 0) return message;
  const more = given.length - reasons.length;
  const text = `${reasons.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
  return text.length > MAX_REASON ? `${text.slice(0, MAX_REASON)}…` : text;
}

function shownMessage(error: Error): unknown {
  const message = readProperty(error, 'message');
  if (typeof message !== 'string') return message;
  const code = readProperty(error, 'code') ?? readProperty(error, 'errno');
  const shown = withoutParameters(message, code !== undefined);
  const isOfRequest = hasProperty(error, 'getStatus') || hasProperty(error, 'expose');
  return isOfRequest ? withoutQuotes(shown) : shown;
}

/** A stack begins with the message. */
function shownStack(error: Error): unknown {
  const stack = readProperty(error, 'stack');
  const message = readProperty(error, 'message');
  const shown = shownMessage(error);
  if (shown === message || typeof stack !== 'string') return withoutOwnFrames(stack);
  return withoutOwnFrames(stack.replace(String(message), () => String(shown)));
}

function messageIn(response: unknown): unknown {
  const message = readProperty(Object(response) as object, 'message');
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return message;
  // `new BadRequestException({ message: { message: [] } })` is one that a pipe has wrapped.
  return readProperty(message, 'message');
}

/** How many errors of a list are shown. */
const MAX_ERRORS = 100;

/** What an error was caused by, of which only what tells of the fault is shown. */
export function faultOf(reason: unknown): unknown {
  if (typeof reason !== 'object' || reason === null || isError(reason)) return reason;
  try {
    if (Array.isArray(reason)) {
      const shown = reason.slice(0, MAX_ERRORS).map((one: unknown) =>
        // A list of errors holds no other list.
        Array.isArray(one) ? `[${nameOf(one)}]` : faultOf(one),
      );
      const more = reason.length - shown.length;
      return more > 0 ? [...shown, `[${more} more errors]`] : shown;
    }
    const fields: Record<string, unknown> = {};
    for (const key of ['name', 'message']) {
      const value = readProperty(reason, key);
      if (typeof value === 'string') fields[key] = value;
    }
    addFault(fields, reason);
    return Object.keys(fields).length > 0 ? fields : `[${nameOf(reason)}]`;
  } catch (error) {
    // A proxy that was revoked, or whose traps throw.
    return `[Threw: ${messageOf(error)}]`;
  }
}

/** The longest text of an own field of an error. */
const MAX_FAULT = 1000;

function addFault(fields: Record<string, unknown>, fault: object): void {
  for (const key of FAULT_FIELDS) {
    if (!hasOwnProperty(fault, key) || fields[key] !== undefined) continue;
    const value = readProperty(fault, key);
    if (typeof value === 'function') continue;
    const simple = typeof value === 'object' && value !== null ? toSimpleJson(value) : value;
    if (simple === undefined) continue;
    fields[key] =
      typeof simple === 'string' && simple.length > MAX_FAULT
        ? `${simple.slice(0, MAX_FAULT)}${moreCharacters(simple.length - MAX_FAULT)}`
        : simple;
  }
}

/** What the `toJSON` of an object returns, if that is no object. */
function toSimpleJson(value: object): unknown {
  try {
    const { toJSON } = value as { toJSON?: unknown };
    const json: unknown = typeof toJSON === 'function' ? toJSON.call(value) : undefined;
    return typeof json === 'object' ? undefined : json;
  } catch (error) {
    return `[Threw: ${messageOf(error)}]`;
  }
}

export function messageOf(error: unknown): string {
  return isError(error) ? String(readProperty(error, 'message')) : typeof error;
}

export function nameOf(value: object): string {
  return Array.isArray(value) ? 'Array' : (value.constructor?.name ?? 'Object');
}
