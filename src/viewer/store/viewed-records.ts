import type { ViewLine, ViewRequest, ViewSpan } from '../view-records.js';

/** A session of one user or connection: its requests and lines have one colour. */
export interface Session {
  readonly id: string;
  /** 0 to 11. */
  readonly color: number;
  /** The name of its user, of at most 64 characters, where a request of it says so. */
  readonly user?: string | undefined;
  /** The number of its requests in the store. */
  readonly requests: number;
}

/** A request in the store. It stays the same object when its record is replaced. */
export interface ViewedRequest {
  /** A number that no other request has. */
  readonly n: number;
  /** The latest: replaced when the request has ended. */
  readonly record: ViewRequest;
  readonly session?: Session | undefined;
}

/** A line in the store. */
export interface ViewedLine {
  /** A number that no other line has. */
  readonly n: number;
  readonly record: ViewLine;
  readonly session?: Session | undefined;
}

/** Everything in the store of one trace, from all services. */
export interface ViewedTrace {
  /** In the order in which they arrived. */
  readonly requests: readonly ViewedRequest[];
  /** Spans that did not come with their request, in the order in which they arrived. */
  readonly spans: readonly ViewSpan[];
  /** In the order in which they were written. */
  readonly lines: readonly ViewedLine[];
}
