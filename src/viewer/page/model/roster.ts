interface Entry<T> {
  readonly value: T;
  holders: number;
}

/** What has a name, as long as something on the page bears it. */
export class Roster<T> {
  private readonly entries = new Map<string, Entry<T>>();
  private listed: readonly T[] | undefined;

  constructor(private readonly make: (name: string) => T) {}

  /** In the order in which they were first seen. */
  get all(): readonly T[] {
    return (this.listed ??= Array.from(this.entries.values(), ({ value }) => value));
  }

  hold(name: string): T {
    let entry = this.entries.get(name);
    if (entry === undefined) {
      this.entries.set(name, (entry = { value: this.make(name), holders: 0 }));
      this.listed = undefined;
    }
    entry.holders++;
    return entry.value;
  }

  release(name: string): void {
    const entry = this.entries.get(name);
    if (entry === undefined || --entry.holders > 0) return;
    this.entries.delete(name);
    this.listed = undefined;
  }
}
