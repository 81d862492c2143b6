import type { ViewDrops } from '../../view-records.js';

/** How much of everything is missing. */
export interface Drops {
  requests: number;
  lines: number;
  spans: number;
}

/** What the server left out, and what was let go of here. */
export class DropCounts {
  readonly total: Drops = { requests: 0, lines: 0, spans: 0 };
  private told: Drops = { requests: 0, lines: 0, spans: 0 };

  /** Takes in the server's totals. Less than it told before are those of a new connection. */
  tell({ requests, lines, spans }: ViewDrops): void {
    const { total, told } = this;
    total.requests += Math.max(0, requests - told.requests);
    total.lines += Math.max(0, lines - told.lines);
    total.spans += Math.max(0, spans - told.spans);
    this.told = { requests, lines, spans };
  }

  /** Counts from here on. */
  reset(): void {
    Object.assign(this.total, { requests: 0, lines: 0, spans: 0 });
  }
}
