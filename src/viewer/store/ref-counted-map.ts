interface Entry<T> {
  readonly value: T;
  users: number;
}

/** Values by name, each made when its name is first used and dropped when it is used no more. */
export class RefCountedMap<T> {
  private readonly entries = new Map<string, Entry<T>>();
  private listed: readonly T[] | undefined;

  constructor(private readonly make: (name: string) => T) {}

  /** In the order in which they were first seen. */
  get all(): readonly T[] {
    return (this.listed ??= Array.from(this.entries.values(), ({ value }) => value));
  }

  acquire(name: string): T {
    let entry = this.entries.get(name);
    if (entry === undefined) {
      this.entries.set(name, (entry = { value: this.make(name), users: 0 }));
      this.listed = undefined;
    }
    entry.users++;
    return entry.value;
  }

  release(name: string): void {
    const entry = this.entries.get(name);
    if (entry === undefined || --entry.users > 0) return;
    this.entries.delete(name);
    this.listed = undefined;
  }
}
