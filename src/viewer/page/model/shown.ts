import type { ViewLine, ViewRequest, ViewSpan } from '../../view-records.js';

/** One user, or one connection: its requests and lines share a colour. */
export interface Session {
  readonly id: string;
  /** 0 to 11. */
  readonly color: number;
  /** How many of its requests the page holds. */
  readonly requests: number;
}

/** A request on the page. It stays the same object when its record is replaced. */
export interface ShownRequest {
  /** A number of its own, which no other request gets. */
  readonly n: number;
  /** The latest: replaced when the request has ended. */
  readonly record: ViewRequest;
  readonly session?: Session | undefined;
}

/** A line on the page. */
export interface ShownLine {
  /** A number of its own, which no other line gets. */
  readonly n: number;
  readonly record: ViewLine;
  readonly session?: Session | undefined;
}

/** Everything that the page holds of one trace, of all services. */
export interface ShownTrace {
  /** In the order in which they came. */
  readonly requests: readonly ShownRequest[];
  /** Those that came by themselves, in the order in which they came. */
  readonly spans: readonly ViewSpan[];
  /** In the order in which they were written. */
  readonly lines: readonly ShownLine[];
}
