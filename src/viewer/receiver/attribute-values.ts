import { isValidId } from '../../trace/ids.js';
import { cut, MAX_TEXT } from '../server/text-limits.js';
import { shownText } from '../shown-text.js';
import type { AnyValue, OtlpAttributes } from './otlp-model.js';

/** The first of these attributes that is a text. Of several names, put the newest first. */
export function textOf(attributes: OtlpAttributes, ...names: string[]): string | undefined {
  for (const name of names) {
    const value = attributes.get(name);
    if (typeof value === 'string' && value !== '') return cut(shownText(value), MAX_TEXT);
  }
  return undefined;
}

/** The first of these attributes that is a number, 0 or more. */
export function numberOf(attributes: OtlpAttributes, ...names: string[]): number | undefined {
  const values = names.map((name) => attributes.get(name));
  return values.find((value) => typeof value === 'number' && value >= 0 && value < Infinity) as
    number | undefined;
}

/** As many as an access log line has at most. */
const MAX_ITEMS = 10;

/** The texts in an attribute that is a list. */
export function listOf(attributes: OtlpAttributes, name: string): readonly string[] | undefined {
  const value = attributes.get(name);
  if (!Array.isArray(value)) return undefined;
  const texts = value.slice(0, MAX_ITEMS).filter((item) => typeof item === 'string');
  return texts.length === 0 ? undefined : texts.map((text) => cut(shownText(text), MAX_TEXT));
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

/** A value as an attribute of a record: simple ones as they are, all others as JSON. */
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
