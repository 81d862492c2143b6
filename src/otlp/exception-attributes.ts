import type { Attributes } from '@opentelemetry/api';
import { errorFields, faultOf, isError } from '../records/error-fields.js';
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
  const { name, message } = errorFields(error);
  const stack = stackWithCauses(error, redaction);
  return {
    'exception.type': textOf(['error', 'name'], name, redaction),
    'exception.message': textOf(['error', 'message'], message, redaction),
    ...(stack !== undefined && { 'exception.stacktrace': stack }),
  };
}

/** How many causes of causes there are. */
const MAX_CAUSES = 8;

/**
 * The stack of an error, and those of its causes, for which the conventions have no attribute:
 * `undefined` for an error that has neither.
 */
function stackWithCauses(error: Error, redaction: Redaction): string | undefined {
  const seen = new Set<unknown>();
  const path = ['error'];
  let text: string | undefined;
  let reason: unknown = error;
  for (let depth = 0; depth <= MAX_CAUSES; depth++) {
    const shown = redactedField(redaction, path, reason);
    if (shown !== reason || !isError(reason)) {
      return `${text ?? ''}\ncaused by:\n${textOf(path, faultOf(shown), redaction)}`;
    }
    const { name, message, stack, cause } = errorFields(reason);
    const own =
      typeof stack === 'string'
        ? textOf([...path, 'stack'], stack, redaction)
        : `${textOf([...path, 'name'], name, redaction)}: ${textOf([...path, 'message'], message, redaction)}`;
    if (depth > 0) text = `${text ?? ''}\ncaused by:\n${own}`;
    else if (typeof stack === 'string' || cause !== undefined) text = own;
    seen.add(reason);
    if (cause === undefined || cause === null || seen.has(cause)) return text;
    path.push('cause');
    reason = cause;
  }
  return text;
}

/** Whatever was thrown, or is the name or message of an error. */
function textOf(path: readonly string[], value: unknown, redaction: Redaction): string {
  const shown = redactedField(redaction, path, value);
  return String(exportedValue(shown, path.at(-1), redaction) ?? typeof value);
}
