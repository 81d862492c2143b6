import type { StoredRecord } from '../record-list.js';

/** Processes whose last record is in a position. Each takes 28 characters of an id at most. */
const MAX_ORIGINS = 64;
const PART = /^([0-9a-f]{12}):(\d{1,15})$/;

/**
 * The last record of each process that a page has, as the id of its events says it. When another
 * process takes over, a page that reconnects gets from it only what it does not have.
 */
export class PagePosition {
  /** The one that has moved last is last. */
  private readonly last = new Map<string, number>();

  /**
   * @param instance the process that answers the page.
   * @param from the id of the last event that the page has; one that is none is as good as none.
   */
  constructor(
    private readonly instance: string,
    from = '',
  ) {
    for (const part of from.split(',', MAX_ORIGINS)) {
      const [, origin, seq] = PART.exec(part) ?? [];
      if (origin !== undefined) this.last.set(origin, Number(seq));
    }
  }

  /** The last record of the answering process; 0 for none. */
  get seq(): number {
    return this.last.get(this.instance) ?? 0;
  }

  /** Whether the page does not have a record yet. It then counts as one that the page has. */
  take({ seq, origin }: StoredRecord): boolean {
    return origin === undefined
      ? this.move(this.instance, seq)
      : this.move(origin.instance, origin.seq);
  }

  /** The page has all records of the answering process's store up to this one. */
  reach(seq: number): void {
    this.move(this.instance, seq);
  }

  get id(): string {
    if (this.last.size === 0) return `${this.instance}:0`;
    return Array.from(this.last, ([origin, seq]) => `${origin}:${seq}`).join(',');
  }

  private move(origin: string, seq: number): boolean {
    const { last } = this;
    if (seq <= (last.get(origin) ?? 0)) return false;
    last.delete(origin);
    last.set(origin, seq);
    const [oldest] = last.keys();
    if (last.size > MAX_ORIGINS) last.delete(oldest!);
    return true;
  }
}
