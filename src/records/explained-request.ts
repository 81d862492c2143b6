import { redactedField, type Redaction } from './redaction.js';
import { plainName } from './secret-names.js';
import { decodeEscapes, isSensitiveName, looksSecret } from './secret-values.js';

/** In place of a name or a value that looks like a secret. */
const MASKED = '[masked]';
/** Under this name, how many parameters are left out. */
const MORE = '[more]';
const MAX_TEXT = 256;
const MAX_NAME = 64;
/** How many parameters there are, and how many values one of them has. */
const MAX_PARAMETERS = 32;
const MAX_VALUES = 8;
/** The characters of all names and values together. */
const MAX_TOTAL = 2048;
/** How many parameters are looked at, and how many characters of a query. */
const MAX_READ = 100;
const MAX_QUERY = 16_384;

/** The ids of sessions are on the line already, as a hash where they are secrets. */
const SESSIONS: ReadonlySet<string> = new Set([
  ...[
    'sessionid',
    'xsessionid',
    'session',
    'sid',
    'sessid',
    'jsessionid',
    'phpsessid',
    'connectsid',
  ],
]);

/**
 * The parameters of a URL by name, as they may be in a log: values that look like secrets, or whose
 * names say so, are masked, and there is a limit to their number and size. `undefined` for none.
 *
 * @param url the request target, as the client sent it.
 */
export function shownQuery(
  url: string,
  redaction: Redaction,
): Readonly<Record<string, unknown>> | undefined {
  const start = url.indexOf('?');
  if (start === -1) return undefined;
  const end = url.indexOf('#', start);
  const text = url.slice(start + 1, end === -1 ? undefined : end).slice(0, MAX_QUERY);
  // Without a prototype no name has a special meaning.
  const query = Object.create(null) as Record<string, unknown>;
  let count = 0;
  let total = 0;
  let more = 0;
  const pairs = text.split('&').filter((pair) => pair !== '');
  for (const pair of pairs.slice(0, MAX_READ)) {
    const equals = pair.indexOf('=');
    const rawName = equals === -1 ? pair : pair.slice(0, equals);
    const rawValue = equals === -1 ? '' : pair.slice(equals + 1);
    const fullName = decoded(rawName);
    if (segmentsOf(fullName).some((segment) => SESSIONS.has(plainName(segment)))) continue;
    if (total >= MAX_TOTAL) {
      more++;
      continue;
    }
    const isSecretName = looksSecret(rawName) || looksSecret(fullName);
    const name = isSecretName ? MASKED : cut(fullName, MAX_NAME);
    const known = Object.hasOwn(query, name) ? query[name] : undefined;
    const isFull =
      known === undefined
        ? count === MAX_PARAMETERS
        : Array.isArray(known) && known.length === MAX_VALUES;
    const value = isFull ? undefined : shownValue(fullName, rawValue, redaction);
    const size = name.length + (typeof value === 'string' ? value.length : MAX_NAME);
    if (isFull || total + size > MAX_TOTAL) {
      more++;
      continue;
    }
    // A function of `redact.replace` may leave it out.
    if (value === undefined) continue;
    total += size;
    if (known === undefined) {
      count++;
      query[name] = value;
    } else if (Array.isArray(known)) known.push(value);
    else query[name] = [known, value];
  }
  more += Math.max(pairs.length - MAX_READ, 0);
  if (more > 0) query[MORE] = more;
  return count === 0 ? undefined : query;
}

/** A `User-Agent` as it may be in a log; `undefined` for none. */
export function shownUserAgent(given: unknown): string | undefined {
  if (typeof given !== 'string' || given === '') return undefined;
  const text = given.slice(0, MAX_QUERY);
  if (!looksSecret(text)) return cut(text, MAX_TEXT);
  // Robots name an address in theirs: what else they say is kept.
  const masked = text.replace(/[^\s()<>,;]+/g, (word) => (looksSecret(word) ? MASKED : word));
  return looksSecret(masked) ? MASKED : cut(masked, MAX_TEXT);
}

function shownValue(name: string, raw: string, redaction: Redaction): unknown {
  const value = decoded(raw);
  const segments = segmentsOf(name);
  const path = ['query', ...segments];
  for (const segment of [name, ...segments]) {
    if (redaction.hides(segment, value)) return redaction.replacement(value, path);
  }
  const redacted = redactedField(redaction, path, value);
  if (redacted !== value) return redacted;
  const isSecret = segments.some(isSensitiveName) || isSensitiveName(name);
  if (value !== '' && (isSecret || looksSecret(raw) || looksSecret(`${name}=${value}`)))
    return MASKED;
  return cut(value, MAX_TEXT);
}

function decoded(text: string): string {
  return decodeEscapes(text.replaceAll('+', ' '));
}

/** `user[address][city]` and `user.address.city` are paths. */
function segmentsOf(name: string): string[] {
  return name
    .slice(0, MAX_TEXT)
    .split(/[[\].]+/)
    .filter((segment) => segment !== '');
}

function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  // Half of a pair of surrogates is no character.
  return `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
