const MAX_NAME = 200;

/**
 * What is counted under many names. When there are twice as many names as are kept, those with the
 * least counts are left out: a flood of new names cannot push out those that are in use.
 */
export class CountedNames<T extends { count: number }> {
  /** How much was counted under names that were left out. */
  omitted = 0;
  private readonly byName = new Map<string, T>();

  constructor(
    private readonly max: number,
    private readonly create: () => T,
  ) {}

  /** Counts one more under a name. Returns what else is known about it. */
  add(given: string): T {
    // Not the text of a whole line, of which the name may be a part.
    const name = given.length > MAX_NAME ? `${given.slice(0, MAX_NAME)}…` : given;
    let counted = this.byName.get(name);
    if (counted === undefined) {
      if (this.byName.size >= this.max * 2) this.leaveOut();
      counted = this.create();
      this.byName.set(Buffer.from(name, 'utf16le').toString('utf16le'), counted);
    }
    counted.count++;
    return counted;
  }

  /** The names with the most counts. */
  top(): [name: string, counted: T][] {
    return [...this.byName].toSorted(([, a], [, b]) => b.count - a.count).slice(0, this.max);
  }

  private leaveOut(): void {
    const kept = new Set(this.top().map(([name]) => name));
    for (const [name, { count }] of this.byName) {
      if (kept.has(name)) continue;
      this.omitted += count;
      this.byName.delete(name);
    }
  }
}
