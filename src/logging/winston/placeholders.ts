import { format } from 'node:util';
import { isError, jsonValue } from '../../records/json-value.js';
import type { LineLimits } from '../../records/line-limits.js';
import { spelledOut } from './spelled-out.js';
import { thrownText } from './to-json.js';

const NUMERIC: ReadonlySet<string> = new Set(['%d', '%i', '%f']);
const PLACEHOLDER = /%[scdjifoO%]/g;

/**
 * Whether a value may fill a placeholder. Only a number fills one for numbers: a `%d` in the path of a
 * URL, or in a text such as `90%done`, is none.
 */
export function fillsPlaceholder(placeholder: string, value: unknown): boolean {
  if (!NUMERIC.has(placeholder)) return true;
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  return isNumber || (typeof value === 'string' && value.trim() !== '' && !Number.isNaN(+value));
}

/** Whether a value may fill a placeholder, such as `%d`. */
export type Accepts = (placeholder: string, value: unknown) => boolean;

/** A text whose placeholders are filled. */
export interface FilledText {
  readonly text: string;
  /** How many of the values are in it: the first ones. */
  readonly used: number;
}

/** Whether a text has a placeholder. */
export function hasPlaceholder(text: string): boolean {
  return text.includes('%') && text.search(PLACEHOLDER) !== -1;
}

/**
 * Fills `%s`, `%d`, `%i`, `%f`, `%j`, `%o`, `%O` and `%c` as `util.format` does, except that nothing
 * throws, that `%j` writes JSON as the log does, and that objects are redacted and limited. A placeholder without a value stays.
 *
 * @see https://nodejs.org/api/util.html#utilformatformat-args
 */
export function fillPlaceholders(
  template: string,
  values: readonly unknown[],
  accepts: Accepts,
  limits: LineLimits,
): FilledText {
  let used = 0;
  const text = template.replace(PLACEHOLDER, (placeholder) => {
    if (placeholder === '%%') return '%';
    const value = values[used];
    if (used >= values.length || !accepts(placeholder, value)) return placeholder;
    used++;
    return valueText(placeholder, value, limits);
  });
  return { text, used };
}

function valueText(placeholder: string, value: unknown, limits: LineLimits): string {
  if (typeof value === 'string' && placeholder === '%s') return value;
  if (placeholder === '%j')
    return jsonValue(value, limits.redaction, limits.maxBytes) ?? 'undefined';
  try {
    // Node's own would write the stack, which the entry has as a field.
    if (placeholder === '%s' && isError(value)) return String(value);
    return format(placeholder, spelledOut(value, limits, 'inspect'));
  } catch (error) {
    // A revoked proxy, or an object whose `toString` throws.
    return thrownText(error);
  }
}
