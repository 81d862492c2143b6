/** Longer names are not kept: callers choose them. */
const MAX_NAME = 64;
/** How many names are remembered to have been seen once, roughly. */
const SEEN_BITS = 4096;

/**
 * Keeps what was found out about names, such as those of fields. It is bounded in number and in
 * bytes, since callers choose names. What is in use stays when others fill it: a name is kept when
 * it is seen again, names live in two generations, and one that is used moves to the younger. When
 * the younger is full, the older is dropped.
 */
export class NameCache<T> {
  private younger = new Map<string, T>();
  private older = new Map<string, T>();
  private readonly seen = new Uint8Array(SEEN_BITS);
  private seenCount = 0;

  /** @param limit how many names a generation holds. */
  constructor(private readonly limit: number) {}

  get(name: string): T | undefined {
    return this.younger.get(name) ?? this.fromOlder(name);
  }

  /**
   * Keeps a value for a name that is not long and was seen before, and returns it.
   *
   * @param make makes the value, which must not hold on to the name that was given.
   */
  keep(name: string, make: (ownName: string) => T): T | undefined {
    if (name.length > MAX_NAME || !this.wasSeen(name)) return undefined;
    const own = ownCopy(name);
    const value = make(own);
    this.add(own, value);
    return value;
  }

  /** Whether a name was probably seen before. */
  private wasSeen(name: string): boolean {
    let hash = name.length;
    for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) | 0;
    const at = hash & (SEEN_BITS - 1);
    if (this.seen[at] === 1) return true;
    if (++this.seenCount > SEEN_BITS / 2) {
      this.seen.fill(0);
      this.seenCount = 1;
    }
    this.seen[at] = 1;
    return false;
  }

  private fromOlder(name: string): T | undefined {
    if (this.older.size === 0) return undefined;
    const value = this.older.get(name);
    if (value !== undefined) this.add(ownCopy(name), value);
    return value;
  }

  private add(name: string, value: T): void {
    if (this.younger.size >= this.limit) {
      this.older = this.younger;
      this.younger = new Map();
    }
    this.younger.set(name, value);
  }
}

/**
 * The same text with memory of its own. V8 makes a part of a text refer to the whole: ten characters
 * of a body of 1 MB would keep all of it.
 */
export function ownCopy(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
