import { escapeText } from './control-characters.js';
import { accessLogField, ACCESS_LOG_FIELD_NAMES, isOutcome } from './fields.js';
import { jsonValue, readProperty } from './json-value.js';

/** Fields that the phrase contains or omits, and that are therefore not shown again after it. */
const IN_PHRASE: ReadonlySet<string> = new Set(
  ACCESS_LOG_FIELD_NAMES.filter((name) => accessLogField(name).text !== undefined),
);

/** The words of the phrase in order: the name of a field, and the suffix after its value. */
const WORDS: readonly (readonly [name: string, suffix: string])[] = (
  ['phrase', 'end of phrase'] as const
).flatMap((place) =>
  ACCESS_LOG_FIELD_NAMES.filter((name) => accessLogField(name).text === place).map(
    (name) => [name, accessLogField(name).suffix ?? ''] as const,
  ),
);

/**
 * Whether an entry is an access log line. The types and values of several fields are checked,
 * because other entries can have fields of the same names.
 */
export function isAccessLogEntry(entry: object): boolean {
  return (
    isOutcome(readProperty(entry, 'outcome')) &&
    typeof readProperty(entry, 'duration_ms') === 'number' &&
    (typeof readProperty(entry, 'path') === 'string' ||
      typeof readProperty(entry, 'transport') === 'string')
  );
}

/** Whether the phrase contains a field already, or omits it. */
export function isInAccessLogText(key: string): boolean {
  return IN_PHRASE.has(key);
}

/**
 * Describes the end of a request, message, job or run in one readable phrase:
 * ` POST /api/payment 201 completed 447.486ms`, ` tcp payment.charge completed 12.9ms`.
 */
export function accessLogText(entry: object): string {
  let text = '';
  for (const [name, suffix] of WORDS) {
    const value = readProperty(entry, name);
    if (typeof value === 'string' || typeof value === 'number') text += ` ${value}${suffix}`;
  }
  return text;
}

/** The maximum depth of indentation. Deeper steps are not indented further. */
const MAX_INDENT = 20;

/** Why a step has failed, as far as it is known: ` failed with 429: Error: too many`. */
export function failureText(status: unknown, error: unknown): string {
  const answer = typeof status === 'number' ? ` with ${status}` : '';
  return ` failed${answer}${typeof error === 'string' ? `: ${error}` : ''}`;
}

/** The steps of a failed or slow request, as one line of text each. */
export function stepsText(entry: object): string[] {
  const steps = readProperty(entry, 'steps');
  if (!Array.isArray(steps)) return [];
  return steps.map((step: unknown) => {
    const of = (key: string): unknown => readProperty(Object(step) as object, key);
    const took = of('duration_ms') === undefined ? 'did not end' : `${String(of('duration_ms'))}ms`;
    const mark = of('failed') === true ? failureText(of('status'), of('error')) : '';
    const times = typeof of('count') === 'number' ? ` in ${String(of('count'))} calls` : '';
    const indent = '  '.repeat(Math.min(Number(of('depth')) || 0, MAX_INDENT));
    const name = String(of('name'));
    return escapeText(`${indent}+${jsonValue(of('start_ms'))}ms ${name} ${took}${times}${mark}`);
  });
}
