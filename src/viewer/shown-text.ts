import { namesSecret } from '../records/secret-names.js';
import { isHidden } from './hidden-names.js';

const SCHEME = /[a-z][a-z0-9+.-]{0,31}:\/\/[^\s"'<>`\\]+/gi;
const WHOLE_URL = /^(?:[a-z][a-z0-9+.-]{0,31}:)?\/\/\S+$/i;
const WHOLE_PATH = /^\/[^\s?#]*[?#]\S*$/;
/** Credentials in front of a host, without a scheme: `alice:secret@db.internal:5432`. */
const BARE_USERINFO = /^[^\s/@:]{1,256}:[^\s@]{1,256}@(?=[\w[(.-])/;
const AUTHORITY = /^([a-z][a-z0-9+.-]*:)?\/\/([^/?#]*)/i;
/** A host with a port. What else has a colon are credentials that were not encoded. */
const HOST_AND_PORT = /^(?:[^:[\]]*|\[[^\]]*\])(?::\d*)?$/;
const PAIR = /(?<![\w.-])([\w.-]{2,64})=("[^"]*"|[^\s&;,"'<>]+)/g;
const JSON_PAIR = /"([^"\\]{1,64})"\s*:\s*("(?:[^"\\]|\\.)*"?|-?\d[\d.eE+-]*)/g;
const JSON_OPENING = /"([^"\\]{1,64})"\s*:\s*[[{]/g;
const SCHEMED = /\b(Bearer|Basic|Digest|Negotiate)\s+[\w+/=.~-]{8,}/gi;
const JWT = /(?<![\w-])eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?/g;

const MASK = '…';
/** A little more than is shown of any text: the rest would only cost time. */
const MAX_READ = 20_000;

/**
 * A text without the credentials that can be told from its form: in URLs, in `name=value` and in JSON,
 * behind the name of a scheme of authentication. Of a text that is a URL, query and fragment are left
 * out too.
 */
export function shownText(whole: string): string {
  const text = whole.length > MAX_READ ? whole.slice(0, MAX_READ) : whole;
  if (WHOLE_URL.test(text) || WHOLE_PATH.test(text)) return urlWithoutSecrets(text);
  let shown = text.replace(BARE_USERINFO, '');
  if (shown.includes('://')) shown = shown.replace(SCHEME, withoutUserinfo);
  if (shown.includes('=')) shown = shown.replace(PAIR, maskPair);
  if (shown.includes('"')) shown = withoutHiddenJson(shown);
  if (shown.includes(' ')) shown = shown.replace(SCHEMED, `$1 ${MASK}`);
  if (shown.includes('eyJ')) shown = shown.replace(JWT, MASK);
  return shown;
}

/** A URL or a path without what may hold secrets: credentials, query and fragment. */
export function urlWithoutSecrets(url: string): string {
  return withoutUserinfo(url).replace(/[?#].*$/s, '');
}

function withoutUserinfo(url: string): string {
  const [start, scheme = '', authority = ''] = AUTHORITY.exec(url) ?? [];
  if (start === undefined) return url;
  const at = authority.lastIndexOf('@');
  if (at !== -1) return `${scheme}//${authority.slice(at + 1)}${url.slice(start.length)}`;
  if (HOST_AND_PORT.test(authority)) return url;
  // A password with a slash or a question mark in it ends what looks like the host.
  const end = url.lastIndexOf('@');
  return end === -1 ? url : `${scheme}//${url.slice(end + 1)}`;
}

function maskPair(pair: string, name: string): string {
  return namesSecret(name) ? `${name}=${MASK}` : pair;
}

/** JSON inside a text, or JSON that was cut: what has a name is masked, what opens is left out. */
function withoutHiddenJson(text: string): string {
  const shown = text.replace(JSON_PAIR, maskJsonPair);
  for (const { 0: opening, 1: name = '', index } of shown.matchAll(JSON_OPENING)) {
    if (isHidden(name, opening)) return `${shown.slice(0, index + opening.length)}${MASK}`;
  }
  return shown;
}

function maskJsonPair(pair: string, name: string, value: string): string {
  return isHidden(name, value) ? `"${name}":"${MASK}"` : pair;
}
