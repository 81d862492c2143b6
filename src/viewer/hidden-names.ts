import { NameCache } from '../records/name-cache.js';
import { nameVerdict } from '../records/secret-names.js';

/*
 * Which names of attributes and fields say that the value holds headers, a body, parameters,
 * credentials, a command line or the environment of a process. Words decide, not lists of full
 * names: senders spell `http.request.body`, `reqBody`, `request-body` and `REQUEST_BODY` as they like.
 */

/** Words that are enough by themselves. Each is the end of a word, as in `queryparams`. */
const HIDING: readonly RegExp[] = [
  /(?:headers?|hdrs?)$/,
  /cookies?$/,
  /payloads?$/,
  /metadata$/,
  /params?$/,
  /parameters?$/,
  /variables?$/,
  /^(?:\w*vars|args|\w*argv|arguments?|kwargs|bind(?:s|ings?|vars?)?|form(?:data)?|multipart)$/,
  /^(?:request|response|req|res|resp|raw|http|post|form|message|msg|mail|email|json|text)?bod(?:y|ies)(?:text|json|raw|string|data)?$/,
  /^(?:request|req|url|http|search|raw|sql|db)?(?:query|queries)(?:string|str)?$/,
  /^(?:referr?er|cmdline|commandline|env|environ|envvars?)$/,
  /^(?:o|basic|proxy|http)?auth(?:n|z|entication|orization)?$/,
  /^(?:pass|jwt|bearer|otp|totp|pin|cvv|cvc|dsn|csrf|xsrf|saml|signature|sig|userinfo)$/,
];
/** Two words that are enough together, as in `job.data`, `responseContent`, `sql.values`. */
const PAIRS: ReadonlyMap<string, RegExp> = new Map([
  ['data', /^(?:request|req|response|res|resp|http|post|job|message|msg|event|config|row)$/],
  ['content', /^(?:request|req|response|res|resp|http|message|msg|mail|email)$/],
  ['values', /^(?:sql|db|query|statement|insert|bound)$/],
  ['json', /^(?:request|req|response|res|resp)$/],
  ['search', /^(?:url|uri|location|request|req)$/],
  ['fragment', /^(?:url|uri)$/],
  ['text', /^(?:request|req|response|res|resp)$/],
  ['value', /^(?:message|msg)$/],
  ['line', /^(?:command|cmd)$/],
  ['command', /^(?:process|shell|exec|spawn|container)$/],
  ['cmd', /^(?:process|shell|exec|spawn|container)$/],
  ['title', /^process$/],
  ['variable', /^environment$/],
  ['string', /^(?:connection|conn)$/],
  ['str', /^(?:connection|conn)$/],
  ['agent', /^user$/],
  // `deployment.environment` is a name.
  ['environment', /^(?:process|os|shell|container|pod)$/],
  ['env', /^(?:process|os|shell|container|pod)$/],
  ['original', /^agent$/],
]);
/** What may follow such a word where the value is a number: it is a fact about the value then. */
const MEASURES =
  /^(?:size|length|len|count|counts|bytes|kb|mb|ms|us|ns|s|sec|seconds|millis|milliseconds|duration|time|latency|elapsed|limit|total|max|min|avg|number|num)$/;
/** What may follow certain words in any case: what kind of thing it is, or what it is called. */
const FACTS: readonly (readonly [word: RegExp, facts: RegExp])[] = [
  // The statement is sanitised by its sender, as the conventions ask for, and again here.
  [/quer(?:y|ies)$/, /^(?:text|summary|id|name|type|kind|hash|operation|plan|language)$/],
  [/^auth/, /^(?:method|type|scheme|provider|status|result|success|outcome|strategy|mechanism)$/],
  [/^(?:content|body|payload)$/, /^(?:type|encoding|format)$/],
  [/^env$/, /^(?:name|type)$/],
  [/^form$/, /^factor$/],
];
/** What may precede `env`: it is one setting then, such as `NODE_ENV`. */
const STAGE = /^(?:node|app|application|deployment|service|rails|rack|go|run|target)$/;

/** The name of an environment if it is a text; if it is an object, all of its variables. */
const ENVIRONMENT = /(?:^|[._-])environment$/i;

const SEGMENT = /[\p{L}\p{N}]+/gu;
const LETTERS = /\p{L}+/gu;
const CAMEL = /(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u;

/** Of a longer name, only the end is looked at. */
const MAX_JUDGED = 512;

type Verdict = 'shown' | 'hidden' | 'measure';
const verdicts = new NameCache<Verdict>(1000);

/**
 * Whether a value is hidden because of its name.
 *
 * @param name the name of the attribute or field; of a nested one with the name of what it is in.
 */
export function isHidden(name: string, value: unknown): boolean {
  const verdict = verdictOf(name);
  if (verdict === 'measure') return !isNumeric(value);
  return verdict === 'hidden' || (ENVIRONMENT.test(name) && typeof value === 'object');
}

function isNumeric(value: unknown): boolean {
  if (typeof value === 'number' || typeof value === 'boolean') return true;
  return typeof value === 'string' && /^-?\d{1,20}(?:\.\d+)?$/.test(value);
}

function verdictOf(name: string): Verdict {
  const known = verdicts.get(name);
  if (known !== undefined) return known;
  const verdict = judge(name.slice(-MAX_JUDGED));
  verdicts.keep(name, () => verdict);
  return verdict;
}

function judge(name: string): Verdict {
  // Full-width letters and invisible characters spell the same word.
  const plain = name.normalize('NFKC').replace(/\p{Cf}/gu, '');
  const segments = plain.match(SEGMENT) ?? [];
  const parts = (split: (segment: string) => string[]): string[] =>
    segments.flatMap((segment) =>
      split(segment).flatMap((part) => part.toLowerCase().match(LETTERS) ?? []),
    );
  const words = parts((segment) => segment.split(CAMEL));
  // Of a language model: `tokens.input` is a number.
  const secret = nameVerdict(plain);
  if (secret !== 'plain') {
    return secret === 'count' || words.includes('tokens') ? 'measure' : 'hidden';
  }
  const camel = verdictOfWords(words);
  // `bOdY` is no camel case.
  const flat = verdictOfWords(parts((segment) => [segment]));
  if (camel === 'hidden' || flat === 'hidden') return camel === 'measure' ? 'measure' : 'hidden';
  return camel === 'measure' || flat === 'measure' ? 'measure' : 'shown';
}

function verdictOfWords(words: readonly string[]): Verdict {
  const last = words.findLastIndex((word, index) => hides(word, words[index - 1]));
  if (last === -1) return 'shown';
  const word = words[last]!;
  const following = words.slice(last + 1);
  if (following.length === 0) return 'hidden';
  const facts = FACTS.find(([about]) => about.test(word))?.[1];
  if (facts !== undefined && following.every((one) => facts.test(one))) return 'shown';
  return following.every((one) => MEASURES.test(one)) ? 'measure' : 'hidden';
}

function hides(word: string, before = ''): boolean {
  if (word === 'env' && STAGE.test(before)) return false;
  if (HIDING.some((pattern) => pattern.test(word))) return true;
  return PAIRS.get(word)?.test(before) === true;
}
