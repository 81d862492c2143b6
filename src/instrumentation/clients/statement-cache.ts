import { ownCopy } from '../../records/name-cache.js';

/** Longer statements are not kept, in characters. */
const MAX_STATEMENT = 16_384;
/** How many characters of a statement say whether it was seen before. */
const SAMPLED = 64;
/** How many statements are remembered to have been seen once, roughly. */
const SEEN_BITS = 4_096;

/** The most that a generation holds. */
export interface StatementCacheLimits {
  readonly count: number;
  /** The characters of its statements. */
  readonly characters: number;
}

/**
 * Keeps what was found out about statements, as `NameCache` does for short names: statements live in
 * two generations, one that is used moves to the younger, and when that is full, in number or in
 * characters, the older is dropped. A statement is kept when it is seen again: those that hold their
 * values are seen once.
 */
export class StatementCache<T extends object> {
  private younger = new Map<string, T>();
  private older = new Map<string, T>();
  private characters = 0;
  private readonly seen = new Uint8Array(SEEN_BITS);
  private seenCount = 0;

  constructor(private readonly limits: StatementCacheLimits) {}

  get(statement: string): T | undefined {
    // Looking up a text reads all of it.
    if (statement.length > MAX_STATEMENT) return undefined;
    return this.younger.get(statement) ?? this.fromOlder(statement);
  }

  /** Keeps a value for a statement that was seen before. */
  keep(statement: string, value: T): void {
    if (statement.length > MAX_STATEMENT || !this.wasSeen(statement)) return;
    this.add(ownCopy(statement), value);
  }

  private wasSeen(statement: string): boolean {
    const { length } = statement;
    let hash = length;
    const step = Math.max(1, Math.floor(length / SAMPLED));
    for (let i = 0; i < length; i += step) {
      hash = (Math.imul(hash, 31) + statement.charCodeAt(i)) | 0;
    }
    const at = (hash ^ (hash >>> 15)) & (SEEN_BITS - 1);
    if (this.seen[at] === 1) return true;
    if (++this.seenCount > SEEN_BITS / 2) {
      this.seen.fill(0);
      this.seenCount = 1;
    }
    this.seen[at] = 1;
    return false;
  }

  private fromOlder(statement: string): T | undefined {
    if (this.older.size === 0) return undefined;
    const value = this.older.get(statement);
    if (value !== undefined) this.add(ownCopy(statement), value);
    return value;
  }

  private add(statement: string, value: T): void {
    const { count, characters } = this.limits;
    if (this.younger.size >= count || this.characters + statement.length > characters) {
      this.older = this.younger;
      this.younger = new Map();
      this.characters = 0;
    }
    this.younger.set(statement, value);
    this.characters += statement.length;
  }
}
