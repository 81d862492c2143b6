/** The stage of a number: one byte each, since there are millions of requests. */
export const UNKNOWN = 0;
export const OPEN = 1;
export const SETTLED = 2;
/** Missing for too long; reported once. */
export const MISSED = 3;

const FIRST_CAPACITY = 65_536;

/** Hands out the numbers that identify requests, and keeps the stage of each. */
export class Numbers {
  private stages = new Uint8Array(FIRST_CAPACITY);
  private next = 1;

  /** Takes so many numbers in a row, and returns the first. */
  take(count: number): number {
    const first = this.next;
    this.next += count;
    while (this.next > this.stages.length) {
      const larger = new Uint8Array(this.stages.length * 2);
      larger.set(this.stages);
      this.stages = larger;
    }
    this.stages.fill(OPEN, first, this.next);
    return first;
  }

  stageOf(number: number): number {
    return this.stages[number] ?? UNKNOWN;
  }

  close(number: number, stage: typeof SETTLED | typeof MISSED): void {
    this.stages[number] = stage;
  }
}

const GENERATION = 50_000;

/** Whether a value was added recently, in bounded memory: at least the last 50,000. */
export class RecentValues {
  private older = new Set<string>();
  private newer = new Set<string>();

  /** Returns `false` for a value that was added recently. */
  add(value: string): boolean {
    if (this.newer.has(value) || this.older.has(value)) return false;
    this.newer.add(value);
    if (this.newer.size === GENERATION) {
      this.older = this.newer;
      this.newer = new Set();
    }
    return true;
  }
}
