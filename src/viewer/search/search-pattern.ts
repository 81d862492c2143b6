const MAX_PATTERN = 200;
/** The text that a pattern is tried on. With a repetition, its time grows with the square. */
const MAX_SEARCHED = 2048;
/** In how many ways the parts of a pattern without the repetition may match. */
const MAX_WAYS = 16;

/**
 * A regular expression of a user, or of a link that a user has followed, which cannot keep the
 * processor busy: what could match a text in too many ways is refused, and only the beginning of a
 * long text is searched.
 */
export class SearchPattern {
  private constructor(private readonly expression: RegExp) {}

  /** Returns why it cannot be used, for what is no regular expression, or could take very long. */
  static of(source: string, flags = 'i'): SearchPattern | string {
    try {
      const pattern = new SearchPattern(new RegExp(source, flags));
      return whyRunsAway(source) ?? pattern;
    } catch (error) {
      return (error as Error).message;
    }
  }

  test(text: string): boolean {
    return this.expression.test(text.length > MAX_SEARCHED ? text.slice(0, MAX_SEARCHED) : text);
  }
}

/**
 * Why a valid pattern may take very long; `undefined` for one that cannot. Only single characters and
 * classes may be repeated without a bound, once, or twice in a pattern that is tried at the beginning
 * only. All other choices multiply, but for those between whole patterns.
 */
function whyRunsAway(source: string): string | undefined {
  if (source.length > MAX_PATTERN) return `Longer than ${MAX_PATTERN} characters.`;
  const isTriedOnce = source.startsWith('^') && !source.includes('|');
  let unbounded = 0;
  let ways = 1;
  let depth = 0;
  let before = '';
  for (const token of source.match(TOKEN) ?? []) {
    if (/^\\[1-9k]/.test(token)) return 'A reference to a group may take very long.';
    if (/^\(\?<?[=!]/.test(token)) return 'Looking around may take very long.';
    if (token.startsWith('(')) depth++;
    else if (token === ')') depth--;
    else if (token === '|' && depth > 0) ways *= 2;
    else if (REPETITION.test(token)) {
      const most = mostOf(token);
      if (before === ')' && most > 1) return 'A repeated group may take very long.';
      if (most === Infinity) unbounded++;
      else if (!/^\{\d+\}/.test(token)) ways *= most + 1;
    }
    before = token;
  }
  if (unbounded > (isTriedOnce ? 2 : 1)) return 'More than one * or + may take very long.';
  return ways > MAX_WAYS ? 'So many choices may take very long.' : undefined;
}

/** Escapes, classes, openings of groups, repetitions, and single characters. */
const TOKEN = /\\.|\[(?:\\.|[^\]\\])*\]|\(\?(?:<?[=!]|:|<\w+>)|(?:[*+?]|\{\d+(?:,\d*)?\})\??|[^]/g;
const REPETITION = /^(?:[*+?]|\{\d+(?:,\d*)?\})\??$/;

function mostOf(repetition: string): number {
  if (repetition.startsWith('?')) return 1;
  const [, least, most = least] = /^\{(\d+)(?:,(\d*))?\}/.exec(repetition) ?? [];
  return most === undefined || most === '' ? Infinity : Number(most);
}
