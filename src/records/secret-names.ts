/** The words that name a secret, in names whose separators are left out. */
const SECRET =
  /passw(?:or)?d|passphrase|passcode|pwd|secret|token|authorization|cookie|credential|(?:api|private|session|access|signing|encryption|account)key/;
/** `max_tokens`, `inputTokens` and `token_count` are counts, and `tokenizer` is a part of a program. */
const COUNTS = /tokens$|tokencount$|tokeni[sz]er/;
const SEPARATORS = /[^a-z0-9]+/g;

/** How many verdicts are kept, and of names of which length: callers choose the names. */
const MAX_VERDICTS = 1000;
const MAX_NAME = 64;

const verdicts = new Map<string, boolean>();

/**
 * Whether the name of a field says that its value is a secret: `password`, `accessToken`,
 * `x-api-key`, `Set-Cookie` and their other spellings.
 */
export function namesSecret(name: string): boolean {
  const known = verdicts.get(name);
  if (known !== undefined) return known;
  const verdict = judge(name);
  if (name.length <= MAX_NAME && verdicts.size < MAX_VERDICTS) verdicts.set(name, verdict);
  return verdict;
}

function judge(name: string): boolean {
  const plain = name.toLowerCase().replace(SEPARATORS, '');
  return SECRET.test(plain) && !COUNTS.test(plain);
}
