import { simpleValue } from './attribute-values.js';
import { cut, MAX_TEXT } from '../server/text-limits.js';
import type { OtlpAttributes } from './otlp-data.js';
import { withoutSecrets } from './url-parts.js';

export const MAX_ATTRIBUTES = 64;

/** Headers, bodies, queries and the like, which may hold secrets. */
const HIDDEN: readonly RegExp[] = [
  /^http\.(?:request|response)\.headers?(?:\.|$)/i,
  /^rpc\.(?:.+\.)?metadata(?:\.|$)/i,
  /^messaging\.headers?(?:\.|$)/i,
  /\.body(?!\.size$)(?:\.|$)/i,
  /^db\.(?:connection_string$|query\.parameter\.)/i,
  /^url\.(?:query|fragment)$/i,
  /^(?:http\.user_agent|user_agent\.original)$/i,
];
/** Shown elsewhere. */
const REPEATED = /^exception\./;
const URLS = /^(?:url|http)\./i;

/** What else a span or a log record says, as far as it is shown. */
export function shownAttributes(
  attributes: OtlpAttributes,
  isKept: (key: string) => boolean = () => true,
): Record<string, string | number | boolean> | undefined {
  const shown: [string, string | number | boolean][] = [];
  for (const [key, value] of attributes) {
    if (shown.length === MAX_ATTRIBUTES) break;
    if (value === null || isHidden(key) || !isKept(key)) continue;
    const simple = simpleValue(value);
    shown.push([
      cut(key, MAX_TEXT),
      URLS.test(key) && typeof simple === 'string' ? withoutSecrets(simple) : simple,
    ]);
  }
  return shown.length === 0 ? undefined : Object.fromEntries(shown);
}

function isHidden(key: string): boolean {
  return REPEATED.test(key) || HIDDEN.some((pattern) => pattern.test(key));
}
