import type { ViewLine, ViewRequest } from '../../view-records.js';
import type { Session, ShownLine, ShownRequest } from './shown.js';
import { byTime, type Timed } from './time-order.js';

export interface HeldSession extends Session {
  requests: number;
}

export class HeldLine implements ShownLine, Timed {
  readonly time: number;
  /** Whose it is; `undefined` where that is not known. */
  slot: RequestSlot | undefined;
  /** Whether what comes later may still tell whose it is. */
  isWaiting = false;
  searchText: string | undefined;

  constructor(
    readonly n: number,
    readonly record: ViewLine,
    readonly session: HeldSession | undefined,
  ) {
    this.time = record.time;
  }
}

export class HeldRequest implements ShownRequest, Timed {
  readonly time: number;
  session: HeldSession | undefined;
  searchText: string | undefined;
  /** Whether it is in the queue of those that came with spans. */
  isQueued = false;

  constructor(
    readonly n: number,
    public record: ViewRequest,
    readonly slot: RequestSlot,
  ) {
    this.time = record.startedAt;
  }
}

/** What has the key of one request: its lines may come before it, and stay when it is let go. */
export class RequestSlot {
  request: HeldRequest | undefined;
  readonly lines = new LineBag((line) => line.slot === this);

  constructor(readonly key: string) {}

  get isEmpty(): boolean {
    return this.request === undefined && this.lines.size === 0;
  }
}

/** Fewer than these are not worth the while. */
const MIN_LOST = 64;

/**
 * Lines that have something in common, which one of them can lose. To add one or to lose one takes
 * next to no time; order is made when somebody looks.
 */
export class LineBag {
  private lines: HeldLine[] = [];
  private lost = 0;
  private isInOrder = true;

  constructor(private readonly belongs: (line: HeldLine) => boolean) {}

  get size(): number {
    return this.lines.length - this.lost;
  }

  get inOrder(): readonly HeldLine[] {
    if (this.lost > 0) this.clean();
    if (!this.isInOrder) {
      this.lines.sort(byTime);
      this.isInOrder = true;
    }
    return this.lines;
  }

  add(line: HeldLine): void {
    const last = this.lines.at(-1);
    if (last !== undefined && byTime(line, last) < 0) this.isInOrder = false;
    this.lines.push(line);
  }

  /** Takes note that one line does not belong here any more. */
  lose(): void {
    this.lost++;
    if (this.lost > MIN_LOST && this.lost * 2 > this.lines.length) this.clean();
  }

  /** Lets go of all that do not belong here any more. */
  clean(): void {
    this.lines = this.lines.filter(this.belongs);
    this.lost = 0;
  }
}
