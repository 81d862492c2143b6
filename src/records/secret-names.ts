import { NameCache } from './name-cache.js';

/** The words that name a secret, in names whose separators are left out. */
const SECRET =
  /passw(?:or)?d|passphrase|passcode|pwd|secret(?!ar)|token|authorization|cookie|credential|(?:api|private|session|access|signing|encryption|account)key|mcpsessionid/;
/** `tokenizer` is a part of a program, and `token_count`, `output_tokens_details` are counts. */
const NO_SECRET = /tokeni[sz]|tokens?(?:count|usage|limit|budget|total|type|details|per[a-z]+)$/;
/** `max_tokens`, `inputTokens`: counts if they are numbers. `refreshTokens` may be a list of secrets. */
const COUNT = /tokens$/;
const SEPARATORS = /[^a-z0-9]+/g;

/** What the name of a field says about its value. `count`: a secret unless the value is a number. */
export type NameVerdict = 'secret' | 'count' | 'plain';

const verdicts = new NameCache<NameVerdict>(1000);

/**
 * Whether the name of a field says that its value is a secret: `password`, `accessToken`,
 * `x-api-key`, `Set-Cookie` and their other spellings.
 */
export function namesSecret(name: string): boolean {
  return nameVerdict(name) === 'secret';
}

/** The same, where the value is known too: `refreshTokens` is a secret unless it is a number. */
export function nameVerdict(name: string): NameVerdict {
  const known = verdicts.get(name);
  if (known !== undefined) return known;
  const verdict = judgeName(name);
  verdicts.keep(name, () => verdict);
  return verdict;
}

/** The same for who keeps the verdict. */
export function judgeName(name: string): NameVerdict {
  return judge(plainName(name));
}

/** A name in lower case and without separators: `Api-Key`, `apiKey` and `API_KEY` are alike. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(SEPARATORS, '');
}

function judge(plain: string): NameVerdict {
  if (!SECRET.test(plain) || NO_SECRET.test(plain)) return 'plain';
  return COUNT.test(plain) ? 'count' : 'secret';
}
