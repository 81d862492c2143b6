import { cut, MAX_TEXT } from '../server/text-limits.js';
import { shownValue } from '../shown-values.js';
import { simpleValue } from './attribute-values.js';
import type { AnyValue, OtlpAttributes } from './otlp-model.js';

export const MAX_ATTRIBUTES = 64;
/** How many are looked at, hidden ones included. */
const MAX_LOOKED_AT = 512;

/** The error of the record has these. */
const REPEATED = /^exception\./;

/** The attributes of a span or a log record that are shown: none that may hold a secret. */
export function filterAttributes(
  attributes: OtlpAttributes,
  isKept: (key: string) => boolean = () => true,
): Record<string, string | number | boolean> | undefined {
  const shown: [string, string | number | boolean][] = [];
  let looked = 0;
  for (const [key, value] of attributes) {
    if (shown.length === MAX_ATTRIBUTES || ++looked > MAX_LOOKED_AT) break;
    if (value === null || REPEATED.test(key) || !isKept(key)) continue;
    const filtered = shownValue(key, value) as AnyValue | undefined;
    if (filtered !== undefined) shown.push([cut(key, MAX_TEXT), simpleValue(filtered)]);
  }
  return shown.length === 0 ? undefined : Object.fromEntries(shown);
}
