import { quoteJson } from './control-characters.js';
import { isIdName, isIdRoot } from './id-field-names.js';
import { NameCache, ownCopy } from './name-cache.js';
import { judgeName, plainName } from './secret-names.js';

/** What is written in place of a secret. */
const REDACTED = '[redacted]';

/**
 * What a log line has in place of a value: a text, or a function of the value and of the names that
 * lead to it. Where the function throws, it is `[redacted]`.
 *
 * @publicApi
 *
 * @example
 * replace: (value) => `[${typeof value}]`
 */
export type Replacement = string | ((value: unknown, path: readonly string[]) => unknown);

/** One place in a tree of paths, as they were compiled at startup. */
export interface PathNode {
  readonly children: Map<string, PathNode>;
  /** What follows a `*`. */
  any: PathNode | undefined;
  /** Whether a path ends here. */
  isEnd: boolean;
}

/** What is known of the name of a field. */
export interface KnownName {
  /** The name as JSON, with its colon: as the first member of an object, and as another. */
  readonly first: string;
  readonly next: string;
  readonly verdict: 'secret' | 'count' | 'plain';
  /** Whether it is the name of an id, or that of an object that may hold one, in any preset. */
  readonly isId: boolean;
  readonly isIdRoot: boolean;
  /** The names that it was last compared with, and whether it is one of them: see {@link isOneOf}. */
  comparedWith: ReadonlySet<string> | undefined;
  isAmongThem: boolean;
}

/**
 * Whether a name is one of those that a format reserves. A process has few formats, so the answer is
 * kept with the name: the line of a request asks a dozen times.
 */
export function isOneOf(names: ReadonlySet<string>, name: string, known: KnownName): boolean {
  if (known.comparedWith !== names) {
    known.comparedWith = names;
    known.isAmongThem = names.has(name);
  }
  return known.isAmongThem;
}

const MAX_NAMES = 1000;

/** Which values of a log line are not written, and what is written instead. */
export class Redaction {
  private readonly names = new NameCache<KnownName>(MAX_NAMES);

  /**
   * @param isOn whether names that say that a value is a secret count.
   * @param keys further names, as {@link plainName} has them.
   */
  constructor(
    private readonly isOn: boolean,
    private readonly keys: ReadonlySet<string> = new Set(),
    readonly paths?: PathNode | undefined,
    private readonly replace: Replacement = REDACTED,
  ) {}

  /** What is known of a name. There are few names, and they are repeated on every line. */
  name(name: string): KnownName {
    return this.names.get(name) ?? this.unknownName(name);
  }

  private unknownName(name: string): KnownName {
    const kept = this.names.keep(name, (own) => {
      const { first, next, ...known } = this.judge(own);
      return { ...known, first: ownCopy(first), next: ownCopy(next) };
    });
    return kept ?? this.judge(name);
  }

  private judge(name: string): KnownName {
    const first = `${quoteJson(name)}:`;
    const isOwn = this.keys.size > 0 && (this.keys.has(plainName(name)) || this.keys.has(name));
    return {
      first,
      next: `,${first}`,
      verdict: isOwn ? 'secret' : this.isOn ? judgeName(name) : 'plain',
      isId: isIdName(name),
      isIdRoot: isIdRoot(name),
      comparedWith: undefined,
      isAmongThem: false,
    };
  }

  /** Whether an application has named fields of its own. */
  get isCustom(): boolean {
    return this.keys.size > 0 || this.paths !== undefined;
  }

  /** Whether the name of a field says that its value is a secret. */
  hides(name: string, value: unknown): boolean {
    return isHidden(this.name(name), value);
  }

  /** What is written in place of a value; `undefined` for nothing at all. */
  replacement(value: unknown, path: readonly string[]): unknown {
    if (typeof this.replace === 'string') return this.replace;
    try {
      return this.replace(value, path);
    } catch {
      // The callback is the application's. What it has failed on is a secret.
      return REDACTED;
    }
  }
}

/** Whether a value is a secret, by what is known of its name. */
export function isHidden({ verdict }: KnownName, value: unknown): boolean {
  if (verdict === 'plain' || value === undefined) return false;
  return verdict === 'secret' || (typeof value !== 'number' && typeof value !== 'bigint');
}

/** A field that is written under another name: its value, or what is written instead. */
export function redactedField(
  redaction: Redaction,
  path: readonly string[],
  value: unknown,
): unknown {
  if (value === undefined || !redaction.isCustom) return value;
  let places: readonly PathNode[] | undefined = redaction.paths && [redaction.paths];
  for (const name of path) places = step(places, name);
  const isAtEnd = places !== undefined && places.some(({ isEnd }) => isEnd);
  return isAtEnd || redaction.hides(path.at(-1) ?? '', value)
    ? redaction.replacement(value, path)
    : value;
}

/** The names of secrets, and nothing else. */
export const DEFAULT_REDACTION = new Redaction(true);
/** `redact: false`. */
export const NO_REDACTION = new Redaction(false);

/** The places in the tree that the next name of a path leads to; `undefined` for none. */
export function step(
  places: readonly PathNode[] | undefined,
  name: string,
): readonly PathNode[] | undefined {
  if (places === undefined) return undefined;
  let next: PathNode[] | undefined;
  for (const { children, any } of places) {
    const child = children.get(name);
    if (child !== undefined) (next ??= []).push(child);
    if (any !== undefined) (next ??= []).push(any);
  }
  return next;
}

/** Whether a path ends at one of these places. */
export function endsAt(places: readonly PathNode[] | undefined): boolean {
  return places !== undefined && places.some(({ isEnd }) => isEnd);
}
