import type { ViewDrops } from '../view-records.js';

/** How many records are missing. */
export interface Drops {
  requests: number;
  lines: number;
  spans: number;
}

/** Counts the records that the server dropped, and those that the page dropped. */
export class DropCounts {
  readonly total: Drops = { requests: 0, lines: 0, spans: 0 };
  private reported: Drops = { requests: 0, lines: 0, spans: 0 };

  /** Adds the server's totals. Totals that are less than before are those of a new connection. */
  update({ requests, lines, spans }: ViewDrops): void {
    const { total, reported } = this;
    total.requests += Math.max(0, requests - reported.requests);
    total.lines += Math.max(0, lines - reported.lines);
    total.spans += Math.max(0, spans - reported.spans);
    this.reported = { requests, lines, spans };
  }

  /** Counts from zero again. */
  reset(): void {
    Object.assign(this.total, { requests: 0, lines: 0, spans: 0 });
  }
}
