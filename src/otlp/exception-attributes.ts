import type { Attributes } from '@opentelemetry/api';
import { errorFields, isError } from '../records/json-value.js';
import { redactedField, type Redaction } from '../records/redaction.js';
import { exportedValue } from './exported-attributes.js';

/**
 * The attributes of an error, named by the semantic conventions. For the redaction they are fields of
 * `error`, as on a line.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/
 */
export function exceptionAttributes(error: unknown, redaction: Redaction): Attributes {
  if (!isError(error)) return { 'exception.message': textOf(['error'], error, redaction) };
  const { name, message, stack } = errorFields(error);
  return {
    'exception.type': textOf(['error', 'name'], name, redaction),
    'exception.message': textOf(['error', 'message'], message, redaction),
    ...(typeof stack === 'string' && {
      'exception.stacktrace': textOf(['error', 'stack'], stack, redaction),
    }),
  };
}

/** Whatever was thrown, or is the name or message of an error. */
function textOf(path: readonly string[], value: unknown, redaction: Redaction): string {
  const shown = redactedField(redaction, path, value);
  return String(exportedValue(shown, path.at(-1), redaction) ?? typeof value);
}
