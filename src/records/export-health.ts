/** When the exporters of an application count as down. */
export interface OtlpHealthOptions {
  /** How far back losses count, in milliseconds, up to ten minutes. Default: 60000. */
  windowMs?: number | undefined;
  /** How many spans and log entries may be lost in that time. Default: 0. */
  maxLost?: number | undefined;
}

/** The health of the exporters of an application, in counts of spans and log entries. */
export interface OtlpHealth {
  readonly status: 'up' | 'down';
  /** How many the collector did not take, within the window. */
  readonly failed: number;
  /** How many found the queue full, within the window. */
  readonly dropped: number;
  /** How many wait now. */
  readonly queued: number;
}
