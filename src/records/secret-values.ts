import { nameVerdict, plainName } from './secret-names.js';

/** Longer texts are not read to their end; what is not read is not shown either. */
const MAX_READ = 2048;
/** A text may have been encoded for a URL that was encoded for a URL. */
const MAX_DECODED = 4;

const ESCAPES = /(?:%[0-9a-f]{2})+/gi;
const INVISIBLE = /[\p{Cc}\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]/gu;

/** Parameters that are secrets, or identify a person, by their plain names. */
const SENSITIVE_NAMES: ReadonlySet<string> = new Set([
  // OAuth, OpenID Connect and SAML.
  ...['code', 'state', 'nonce', 'assertion', 'verifier', 'codeverifier', 'ticket', 'loginhint'],
  ...['devicecode', 'usercode', 'samlresponse', 'samlrequest', 'relaystate', 'jwt', 'jws', 'jwe'],
  // Signed URLs.
  ...[
    'sig',
    'sign',
    'signature',
    'hmac',
    'hash',
    'policy',
    'keypairid',
    'expires',
    'googleaccessid',
  ],
  ...['awsaccesskeyid', 'se', 'skoid', 'sktid'],
  // Keys, one-time codes and sessions.
  ...[
    'key',
    'auth',
    'authorisation',
    'bearer',
    'otp',
    'totp',
    'mfa',
    'pin',
    'csrf',
    'xsrf',
    'salt',
  ],
  ...['pass', 'passwort', 'kennwort', 'login', 'invite', 'magic', 'captcha', 'grecaptcharesponse'],
  // People and payments.
  ...[
    'email',
    'mail',
    'emailaddress',
    'phone',
    'phonenumber',
    'tel',
    'telephone',
    'mobile',
    'msisdn',
  ],
  ...[
    'iban',
    'bic',
    'card',
    'cardnumber',
    'pan',
    'cvv',
    'cvc',
    'ssn',
    'dob',
    'birthday',
    'birthdate',
  ],
]);
const SENSITIVE_PARTS =
  /^x(?:amz|goog|ms|oss|cos|obs)|(?:signature|sessionid|sessid|email|phonenumber|creditcard|otp|jwt|apikey|authcode)$|^(?:session|sid|connectsid)$/;

/** Texts of known forms. Those without one are found by {@link hasRandomText}. */
const FORMS: readonly RegExp[] = [
  // Addresses of mail, and what is in front of the host of a URL.
  /[^\s@]@[^\s@]/,
  /\beyJ[\w-]{6,}/,
  /\b(?:bearer|negotiate|digest|dpop)\s+\S{4,}/i,
  /\bbasic\s+[\w+/-]{6,}={0,2}(?:\s|$)/i,
  /-----BEGIN /,
  // AWS, Google, GitHub, GitLab, Slack, Stripe and others that mark their keys.
  /\b(?:A3T[A-Z\d]|A(?:KI|SI|BI|CC|GP|ID|RO|IP|NP|NV)A)[A-Z\d]{8,}/,
  /\bAIza[\w-]{10,}|\bya29\.|\bGOCSPX-|\b1\/\/0[\w-]{10,}/,
  /\b(?:gh[a-z]_|github_pat_|glpat-|gl[a-z]+t-|xox[a-z]-|xapp-|npm_|pypi-|hf_|hvs\.|dop_v1_|shp(?:at|ca|pa|ss)_|sq0[a-z]{3}-|lin_api_|figd_|whsec_|dp\.[a-z]+\.|SG\.|PMAK-|NRAK-|ATATT|AGE-SECRET-KEY|EAAC|key-[\da-f])[\w-]{4,}/,
  /\b(?:sk|pk|rk)[-_](?:live|test|proj|ant|or|svcacct)[-_][\w-]{4,}/,
  /\bsk-[\w-]{12,}/,
  /\b\d{6,12}:AA[\w-]{20,}/,
  // A telephone number in its international form, and one of the US's social security.
  /(?:^|[^\d\w])\+\s?\d(?:[\s()./-]?\d){6,}/,
  /\b\d{3}-\d{2}-\d{4}\b/,
  /\b(?:passw(?:or)?d|passwort|kennwort|passphrase|passcode|pwd|secret|pin)\b\W+\S/i,
];
/** A name with a value behind it, as in a URL, a header, JSON or a connection string. */
const NAMED = /([\w.[\]$-]{1,64})["'\]]*\s*(?:=>|[=:])\s*["'[{]?\s*[^\s"']/g;
const DIGITS = /\d(?:[ -]?\d){12,18}/g;
const IBAN = /\b[a-z]{2}\d{2}(?:[ -]?[a-z\d]{2,4}){3,9}/gi;

const RUN = /[A-Za-z\d+/=_~-]{16,}/g;
const UUIDS =
  /(?<![A-Za-z\d-])[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}(?![A-Za-z\d-])/gi;
const LONG_HEX = /[\da-f]{20,}/i;
const LONG_WORD = /[A-Za-z\d]{24,}/;
/** What people and programs write: `orders`, `v2`, `2024`, `256gb`, `createdAt`, `TOTAL`. */
const WORD = /^(?:[a-z]+\d*|[A-Z]+\d*|\d+[a-z]*|\d+[A-Z]*|[A-Z]?[a-z]{2,}(?:[A-Z][a-z]+)*\d{0,4})$/;
const MIN_RANDOM = 6;

/** Whether the name of a parameter says that its value is a secret, or identifies a person. */
export function isSensitiveName(name: string): boolean {
  if (nameVerdict(name) !== 'plain') return true;
  const plain = plainName(name);
  return SENSITIVE_NAMES.has(plain) || SENSITIVE_PARTS.test(plain);
}

/**
 * Whether a text looks like a secret, or holds one: a token, a key, a signed URL, an address of mail,
 * the number of a card. It is also found where it was encoded for a URL, more than once. In doubt, it
 * is one: a short password cannot be told from a word, but its name can.
 */
export function looksSecret(text: string): boolean {
  let layer = text.slice(0, MAX_READ);
  for (let depth = 0; depth < MAX_DECODED; depth++) {
    if (isSecretAsWritten(layer)) return true;
    const visible = layer.replace(INVISIBLE, '').normalize('NFKC');
    if (visible !== layer && isSecretAsWritten(visible)) return true;
    const spaced = layer.replaceAll('+', ' ');
    if (spaced !== layer && isSecretAsWritten(spaced)) return true;
    const decoded = decodeEscapes(layer);
    if (decoded === layer) return false;
    layer = decoded;
  }
  // Encoded more often than anything that is meant to be read.
  return true;
}

/** The text that escapes of a URL stand for. One that is malformed stays as it is. */
export function decodeEscapes(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(ESCAPES, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      // No UTF-8.
      return Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('latin1');
    }
  });
}

function isSecretAsWritten(text: string): boolean {
  return (
    FORMS.some((form) => form.test(text)) ||
    hasNamedSecret(text) ||
    hasRandomText(text) ||
    hasNumber(text, DIGITS, isCardNumber) ||
    hasNumber(text, IBAN, isIban)
  );
}

function hasNamedSecret(text: string): boolean {
  for (const [, name = ''] of text.matchAll(NAMED)) if (isSensitiveName(name)) return true;
  return false;
}

/** Whether a text has a part that no one would write or remember. */
function hasRandomText(text: string): boolean {
  // The id of an order is no secret.
  for (const [run] of text.replace(UUIDS, ' ').matchAll(RUN)) {
    if (LONG_HEX.test(run) || LONG_WORD.test(run)) return true;
    let random = 0;
    for (const part of run.split(/[^A-Za-z\d]+/)) if (!WORD.test(part)) random += part.length;
    if (random >= MIN_RANDOM) return true;
  }
  return false;
}

function hasNumber(text: string, form: RegExp, isValid: (number: string) => boolean): boolean {
  for (const [found] of text.matchAll(form)) {
    if (isValid(found.replace(/[ -]/g, ''))) return true;
  }
  return false;
}

/** The check digit of ISO/IEC 7812. */
function isCardNumber(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** The check digits of ISO 13616. What follows the number may be another word. */
function isIban(text: string): boolean {
  for (let length = Math.min(text.length, 34); length >= 15; length--) {
    let rest = 0;
    for (const character of `${text.slice(4, length)}${text.slice(0, 4)}`) {
      const value = Number.parseInt(character, 36);
      rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
    }
    if (rest === 1) return true;
  }
  return false;
}
