import type { Attributes } from '@opentelemetry/api';
import { errorFields, isError, jsonValue } from '../records/json-value.js';

/**
 * The attributes of an error, named by the semantic conventions.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/
 */
export function exceptionAttributes(error: unknown): Attributes {
  if (typeof error === 'string') return { 'exception.message': error };
  if (!isError(error)) return { 'exception.message': jsonValue(error) ?? typeof error };
  const { name, message, stack } = errorFields(error);
  return {
    'exception.type': String(name),
    'exception.message': String(message),
    ...(typeof stack === 'string' && { 'exception.stacktrace': stack }),
  };
}
