import type { Attributes } from '@opentelemetry/api';
import { errorFields, isError } from '../records/json-value.js';
import { ownText } from './own-text.js';
import { redactedJson } from './redacted-json.js';

/**
 * The attributes of an error, named by the semantic conventions.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/
 */
export function exceptionAttributes(error: unknown): Attributes {
  if (!isError(error)) return { 'exception.message': textOf(error) };
  const { name, message, stack } = errorFields(error);
  return {
    'exception.type': textOf(name),
    'exception.message': textOf(message),
    ...(typeof stack === 'string' && { 'exception.stacktrace': ownText(stack) }),
  };
}

/** Whatever was thrown, or is the message of an error. */
function textOf(value: unknown): string {
  return ownText(typeof value === 'string' ? value : (redactedJson(value) ?? typeof value));
}
