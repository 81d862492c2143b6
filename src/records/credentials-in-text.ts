import { namesSecret } from './secret-names.js';

const USERINFO = /([a-z][a-z0-9+.-]{0,31}:\/\/)[^\s/?#"'<>]*@/gi;
/** `token=abc`, `"password": "abc"`, `X-Api-Key: abc`. */
const PAIR = /(["']?)([\w.-]{2,64})\1(\s{0,4}[=:]\s{0,4})("[^"]*"?|'[^']*'?|[^\s&;,"'<>})\]]+)/g;
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
  return shown.replace(PAIR, (pair, quote: string, name: string, between: string, value: string) =>
    namesSecret(name) && !value.startsWith(MASK) && !isSchemeName(value)
      ? `${quote}${name}${quote}${between}${MASK}`
      : pair,
  );
}

/** What follows it was masked before. */
function isSchemeName(value: string): boolean {
  return /^(?:Bearer|Basic|Digest|Negotiate)$/i.test(value);
}
