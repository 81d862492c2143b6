import { withoutCredentials } from './credentials-in-text.js';
import { isError, messageWithReasons, nameOf, readProperty } from './error-fields.js';

/** The longest text. */
const MAX_LINE = 200;
/** How much of the end of a longer one is kept: some libraries say there what went wrong. */
const KEPT_END = 70;
/** What is read of a message. */
const MAX_READ = 4000;
/** How many of the errors that an `AggregateError` holds are read, where it says nothing itself. */
const MAX_INNER = 3;
/* oxlint-disable no-control-regex -- they are what is removed. */
/** White space, and what could end a line, drive a terminal or reorder what is shown. */
const GAPS = /[\s\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/g;
/** `ESC [ 31 m` and its kind, which colour the messages of some libraries. */
const ESCAPES = /\u001b\[[0-?]*[ -/]*[@-~]/g;

/**
 * What was thrown, in one line of at most 200 characters: `ConnectTimeoutError: Connect Timeout Error
 * (UND_ERR_CONNECT_TIMEOUT)`. `undefined` where nothing is known.
 */
export function errorLine(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  const message = cleanText(messageIn(error));
  const name = cleanText(nameIn(error));
  const code = codeIn(error, message);
  const told = message === '' || name === '' ? name + message : `${name}: ${message}`;
  if (code === '') return cut(told, MAX_LINE);
  return `${cut(told, MAX_LINE - code.length - 3)} (${code})`;
}

function cleanText(text: string): string {
  const read = text.length > MAX_READ ? text.slice(0, MAX_READ) : text;
  return withoutCredentials(read.replace(ESCAPES, '').replace(GAPS, ' ').trim());
}

/** The class, where an error has no name of its own. */
function nameIn(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const name = readProperty(error, 'name');
  const own = typeof name === 'string' ? name : '';
  if (!isError(error)) return own;
  if (own !== 'Error') return own === '' ? 'Error' : own;
  const made = readProperty(error, 'constructor');
  const className = typeof made === 'function' ? readProperty(made, 'name') : undefined;
  return typeof className === 'string' && className !== '' ? className : own;
}

function messageIn(error: unknown): string {
  if (typeof error === 'string') return error;
  if (typeof error !== 'object' || error === null) return String(error);
  const message = isError(error) ? messageWithReasons(error) : readProperty(error, 'message');
  if (typeof message === 'string' && message !== '') return message;
  // What a remote handler has thrown: `{ status: 'error', error: 'out of stock' }`.
  if (!isError(error)) {
    const reason = readProperty(error, 'error') ?? readProperty(error, 'reason');
    return typeof reason === 'string' ? reason : `[${classOf(error)}]`;
  }
  const inner = readProperty(error, 'errors');
  if (!Array.isArray(inner)) return '';
  const messages = inner.slice(0, MAX_INNER).map((one: unknown) => messageIn(one));
  return [...new Set(messages)].filter((one) => one !== '').join('; ');
}

function classOf(value: object): string {
  try {
    return nameOf(value);
  } catch {
    // A proxy that was revoked, or a getter that throws.
    return 'Object';
  }
}

/** The code of a system error, a driver or gRPC, unless the message has it. */
function codeIn(error: unknown, message: string): string {
  if (typeof error !== 'object' || error === null) return '';
  const code = readProperty(error, 'code');
  const text = typeof code === 'string' || typeof code === 'number' ? String(code) : '';
  return /^[\w.-]{1,40}$/.test(text) && !message.includes(text) ? text : '';
}

function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const start = text.slice(0, length - KEPT_END - 1).replace(/[\ud800-\udbff]$/, '');
  return `${start}…${text.slice(-KEPT_END).replace(/^[\udc00-\udfff]/, '')}`;
}
