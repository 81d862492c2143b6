import type { ViewLine, ViewRequest } from '../view-records.js';
import type { Session, ViewedLine, ViewedRequest } from './viewed-records.js';
import { byTime, type Timed } from './time-order.js';

export class StoredSession implements Session {
  requests = 0;
  user: string | undefined;
  #namedAt = -Infinity;

  constructor(
    readonly id: string,
    readonly color: number,
  ) {}

  /** The user of a request of the session: that of the latest one names it. */
  name(user: string | undefined, time: number): void {
    if (user === undefined || time < this.#namedAt) return;
    this.user = user;
    this.#namedAt = time;
  }
}

export class StoredLine implements ViewedLine, Timed {
  readonly time: number;
  /** Its request; `undefined` where that is not known. */
  slot: RequestSlot | undefined;
  /** Whether records that arrive later may still change its request. */
  isProvisional = false;
  searchText: string | undefined;

  constructor(
    readonly n: number,
    readonly record: ViewLine,
    readonly session: StoredSession | undefined,
  ) {
    this.time = record.time;
  }
}

export class StoredRequest implements ViewedRequest, Timed {
  readonly time: number;
  session: StoredSession | undefined;
  searchText: string | undefined;
  /** Whether it is in the queue of requests that have spans. */
  isQueued = false;

  constructor(
    readonly n: number,
    public record: ViewRequest,
    readonly slot: RequestSlot,
  ) {
    this.time = record.startedAt;
  }
}

/** The request of one key with its lines, which may arrive before it and stay after it is dropped. */
export class RequestSlot {
  request: StoredRequest | undefined;
  readonly lines = new LineSet((line) => line.slot === this);

  constructor(readonly key: string) {}

  get isEmpty(): boolean {
    return this.request === undefined && this.lines.size === 0;
  }
}

/** Fewer removed lines than these are not worth a copy of the array. */
const MIN_REMOVED = 64;

/**
 * Lines that belong to the same request, or to none yet. Adding and removing take constant time: the
 * lines are sorted and removed ones are dropped when the list is read.
 */
export class LineSet {
  private lines: StoredLine[] = [];
  private removed = 0;
  private isInOrder = true;

  constructor(private readonly belongs: (line: StoredLine) => boolean) {}

  get size(): number {
    return this.lines.length - this.removed;
  }

  get inOrder(): readonly StoredLine[] {
    if (this.removed > 0) this.clean();
    if (!this.isInOrder) {
      this.lines.sort(byTime);
      this.isInOrder = true;
    }
    return this.lines;
  }

  add(line: StoredLine): void {
    const last = this.lines.at(-1);
    if (last !== undefined && byTime(line, last) < 0) this.isInOrder = false;
    this.lines.push(line);
  }

  /** Counts one line as removed: `belongs` is false for it from now on. */
  remove(): void {
    this.removed++;
    if (this.removed > MIN_REMOVED && this.removed * 2 > this.lines.length) this.clean();
  }

  /** Drops the removed lines. */
  clean(): void {
    this.lines = this.lines.filter(this.belongs);
    this.removed = 0;
  }
}
