import type { IncomingMessage } from 'node:http';
import type { AccessLogRecord } from '../records/access-log-record.js';
import { errorFields, faultOf, isError, readProperty } from '../records/error-fields.js';
import { shownQuery, shownUserAgent } from '../records/explained-request.js';
import type { Redaction } from '../records/redaction.js';
import { statusOf, type Thrown } from '../trace/thrown.js';
import { errorId } from './error-id.js';

/** What a line that explains itself has, beside its steps. */
export type Explanation = Pick<AccessLogRecord, 'query' | 'user_agent' | 'error_id' | 'error'>;

const SERVER_ERRORS = 500;

/**
 * What was thrown, as the line has it: an `error` and its fingerprint.
 *
 * @param place what failed, for an error that has no frame of the application's.
 */
export function explainedError(
  { error, before }: Thrown,
  place: string | undefined,
): Pick<Explanation, 'error_id' | 'error'> {
  return { error_id: errorId(error, place, before?.error), error: shownError(error, before) };
}

/** What is shown of the request itself. */
export function explainedRequest(
  request: IncomingMessage,
  url: string,
  redaction: Redaction,
): Pick<Explanation, 'query' | 'user_agent'> {
  return {
    query: shownQuery(url, redaction),
    user_agent: shownUserAgent(request.headers['user-agent']),
  };
}

/**
 * The error itself, or one that is made for the line. It is made for what is not an error; for an
 * `HttpException` below 500, whose stack only tells where a request was refused; and for an error
 * that was thrown while another one was handled: that one is its cause, unless it names a cause.
 */
function shownError(thrown: unknown, before: Thrown['before']): Error {
  if (!isError(thrown)) return errorLike({ ...nonError(thrown), ...causedBy(before) });
  const status = statusOf(thrown);
  const isRefusal = status !== undefined && status < SERVER_ERRORS;
  const hasCause = readProperty(thrown, 'cause') !== undefined;
  if (!isRefusal && (hasCause || before === undefined)) return thrown;
  const fields = errorFields(thrown);
  if (!hasCause) Object.assign(fields, causedBy(before));
  if (isRefusal) delete fields['stack'];
  return errorLike(fields);
}

function causedBy(before: Thrown['before']): { cause?: unknown } {
  return before === undefined ? {} : { cause: before.error };
}

/** The fields of a text, a number or an object that was thrown. Its own fields may hold anything. */
function nonError(thrown: unknown): Record<string, unknown> {
  if (typeof thrown !== 'object' || thrown === null) {
    return { name: thrown === null ? 'null' : typeof thrown, message: textOf(thrown) };
  }
  const fields = isList(thrown) ? '[Array]' : faultOf(thrown);
  if (typeof fields !== 'object' || fields === null)
    return { name: 'Object', message: textOf(fields) };
  return { name: 'Object', message: '', ...fields };
}

function isList(value: object): boolean {
  try {
    return Array.isArray(value);
  } catch {
    // A proxy that was revoked.
    return false;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'function' ? `[Function]` : String(value);
}

/** An object that is an error for everything that writes one, without a stack of its own. */
function errorLike(fields: Readonly<Record<string, unknown>>): Error {
  const descriptors: PropertyDescriptorMap = { stack: { value: undefined, writable: true } };
  for (const name of Object.keys(fields)) {
    descriptors[name] = { value: fields[name], configurable: true, writable: true };
  }
  return Object.create(Error.prototype, descriptors) as Error;
}
