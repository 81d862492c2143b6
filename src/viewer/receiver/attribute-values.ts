import { isValidId } from '../../trace/ids.js';
import { cut, MAX_MESSAGE, MAX_TEXT } from '../server/text-limits.js';
import type { AnyValue, OtlpAttributes } from './otlp-data.js';

/** The text of the first of these attributes that is one. Of several names the newest comes first. */
export function textOf(attributes: OtlpAttributes, ...names: string[]): string | undefined {
  for (const name of names) {
    const value = attributes.get(name);
    if (typeof value === 'string' && value !== '') return cut(value, MAX_TEXT);
  }
  return undefined;
}

/** The first of these attributes that is a number, 0 or more. */
export function numberOf(attributes: OtlpAttributes, ...names: string[]): number | undefined {
  const values = names.map((name) => attributes.get(name));
  return values.find((value) => typeof value === 'number' && value >= 0 && value < Infinity) as
    number | undefined;
}

/** The ids that OpenTelemetry has no field for. */
export function idsOf(attributes: OtlpAttributes) {
  return {
    requestId: idOf(attributes, ['request.id', 'request_id']),
    sessionId: idOf(attributes, ['session.id', 'session_id']),
  };
}

function idOf(attributes: OtlpAttributes, names: readonly string[]): string | undefined {
  return names.map((name) => attributes.get(name)).find(isValidId);
}

/**
 * What was thrown: its stack, its name and its message. Not every language has the latter two in
 * the stack.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/exceptions/
 */
export function errorOf(attributes: OtlpAttributes): string | undefined {
  const [stack, type, message] = ['stacktrace', 'type', 'message'].map((name) =>
    attributes.get(`exception.${name}`),
  );
  const told = [type, message].filter(isText).join(': ');
  if (!isText(stack)) return told === '' ? undefined : cut(told, MAX_MESSAGE);
  const isTold = !isText(message) || stack.includes(message);
  return cut(isTold ? stack : `${told}\n${stack}`, MAX_MESSAGE);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** A value that an attribute of a record may have: simple ones as they are, all others as JSON. */
export function simpleValue(value: AnyValue, limit = MAX_TEXT): string | number | boolean {
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'string':
      return cut(value, limit);
    default:
      return cut(JSON.stringify(value), limit);
  }
}
