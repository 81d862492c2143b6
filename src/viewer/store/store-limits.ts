/** How many records the page keeps. */
export interface StoreLimits {
  readonly requests: number;
  readonly lines: number;
  /** Spans of all traces, including those that arrived with their requests. */
  readonly spans: number;
  /** Spans of one trace, without those that arrived with their requests. */
  readonly spansPerTrace: number;
}

export const MAX_REQUESTS = 5000;
export const MAX_LINES = 50_000;

export const DEFAULT_LIMITS: StoreLimits = {
  requests: MAX_REQUESTS,
  lines: MAX_LINES,
  spans: 100_000,
  spansPerTrace: 5000,
};
