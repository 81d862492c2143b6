/** In characters. */
const MAX_LENGTH = 200;
const MAX_REPEATS = 1000;
/** Two of them, tried at each character of a text, are cubic in its length. */
const MAX_UNBOUNDED = 2;
/** The ways in which what may be there, or may be one of several things, can be combined. */
const MAX_WAYS = 1000;
/** In characters, by the number of unbounded repetitions of a pattern. */
const MAX_TEXT = [50_000, 4000, 500] as const;

/** A part of a pattern: an escape, a class, a group's begin, a quantifier, or a character. */
const PARTS =
  /\\(?:x[\da-f]{2}|u[\da-f]{4}|[^])|\[(?:\\[^]|[^\]\\])*\]|\(\?[:=!<]?|[()|^$.]|\{(\d+)(,?)(\d*)\}\??|[*+?]\??|[^]/giy;

interface Group {
  hasRepetition: boolean;
}

/**
 * A regular expression of a user, or of a link that a user has followed, which cannot keep the
 * processor busy: what could match a text in too many ways is refused, and it looks at no more of a
 * text than it can search at once.
 */
export class SearchPattern {
  private constructor(
    private readonly expression: RegExp,
    private readonly maxText: number,
  ) {}

  /** `undefined` for what is no regular expression, or could run for too long. Case is ignored. */
  static of(source: string): SearchPattern | undefined {
    const unbounded = source.length > MAX_LENGTH ? undefined : unboundedRepetitions(source);
    if (unbounded === undefined) return undefined;
    try {
      return new SearchPattern(new RegExp(source, 'i'), MAX_TEXT[unbounded]!);
    } catch {
      // Not a regular expression.
      return undefined;
    }
  }

  test(text: string): boolean {
    return this.expression.test(text.length > this.maxText ? text.slice(0, this.maxText) : text);
  }
}

/** How many repetitions have no end; `undefined` for a pattern that could run for too long. */
function unboundedRepetitions(source: string): number | undefined {
  const groups: Group[] = [{ hasRepetition: false }];
  let closed: Group | undefined;
  let unbounded = 0;
  let ways = 1;
  for (const [part, least, comma, most] of source.matchAll(PARTS)) {
    const before = closed;
    closed = undefined;
    if (/^\\[\dk]/.test(part)) return undefined;
    if (part.startsWith('(')) {
      // Neither looking around nor names.
      if (part !== '(' && part !== '(?:') return undefined;
      groups.push({ hasRepetition: false });
    } else if (part === ')') {
      if (groups.length === 1) return undefined;
      closed = groups.pop()!;
      groups.at(-1)!.hasRepetition ||= closed.hasRepetition;
    } else if (part === '|') {
      ways++;
      for (const group of groups) group.hasRepetition = true;
    } else if (/^(?:[*+?]|\{\d)/.test(part)) {
      if (before?.hasRepetition === true) return undefined;
      for (const group of groups) group.hasRepetition = true;
      const [from, to] = repeats(part, least, comma, most);
      if (from > MAX_REPEATS || (to !== Infinity && to > MAX_REPEATS)) return undefined;
      if (to === Infinity) unbounded++;
      else ways *= Math.max(1, to - from + 1);
    }
  }
  return groups.length > 1 || unbounded > MAX_UNBOUNDED || ways > MAX_WAYS ? undefined : unbounded;
}

function repeats(part: string, least = '', comma = '', most = ''): readonly [number, number] {
  if (part.startsWith('?')) return [0, 1];
  if (!part.startsWith('{')) return [0, Infinity];
  const from = Number(least);
  return [from, comma === '' ? from : most === '' ? Infinity : Number(most)];
}
