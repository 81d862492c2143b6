import { namesSecret } from './secret-names.js';

const USERINFO = /([a-z][a-z0-9+.-]{0,31}:\/\/)[^\s/?#"'<>]*@/gi;
/** In front of a value: `token=`, `"password": `, `X-Api-Key: `. */
const NAME = /([\w.-]{2,64})["']?\s{0,4}[=:]\s{0,4}/g;
const VALUE = /"[^"]*"?|'[^']*'?|[^\s&;,"'<>})\]]+/y;
const SCHEME = /\b(Bearer|Basic|Digest|Negotiate)\s+[\w+/=.~-]{8,}/gi;
const JWT = /(?<![\w-])eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?/g;

const MASK = '[redacted]';

/**
 * A text without the credentials that can be told from its form: in front of the host of a URL, behind
 * a name that says so, behind the name of a scheme of authentication, and tokens of the form of JWTs.
 */
export function withoutCredentials(text: string): string {
  let shown = text;
  if (shown.includes('://')) shown = shown.replace(USERINFO, `$1${MASK}@`);
  if (shown.includes(' ')) shown = shown.replace(SCHEME, `$1 ${MASK}`);
  if (shown.includes('eyJ')) shown = shown.replace(JWT, MASK);
  return withoutNamedValues(shown);
}

function withoutNamedValues(text: string): string {
  let shown = '';
  let read = 0;
  for (const { 0: start, 1: name = '', index } of text.matchAll(NAME)) {
    // The value of an earlier name may look like a name.
    if (index < read || !namesSecret(name)) continue;
    VALUE.lastIndex = index + start.length;
    const [value] = VALUE.exec(text) ?? [];
    if (value === undefined || value.startsWith('[redacted') || SCHEME_NAME.test(value)) continue;
    shown += text.slice(read, index + start.length) + MASK;
    read = index + start.length + value.length;
  }
  return shown + text.slice(read);
}

/** What follows it was masked before. */
const SCHEME_NAME = /^(?:Bearer|Basic|Digest|Negotiate)$/i;
