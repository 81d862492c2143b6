import { cut, MAX_TEXT } from '../server/text-limits.js';
import { simpleValue } from './attribute-values.js';
import type { OtlpAttributes } from './otlp-model.js';
import { urlWithoutSecrets } from './url-parts.js';

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
/** The error of the record has these. */
const REPEATED = /^exception\./;
const URLS = /^(?:url|http)\./i;

/** The attributes of a span or a log record that are shown: none that may hold a secret. */
export function filterAttributes(
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
      URLS.test(key) && typeof simple === 'string' ? urlWithoutSecrets(simple) : simple,
    ]);
  }
  return shown.length === 0 ? undefined : Object.fromEntries(shown);
}

function isHidden(key: string): boolean {
  return REPEATED.test(key) || HIDDEN.some((pattern) => pattern.test(key));
}
