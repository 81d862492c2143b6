/** How many calls a trace has made to databases and caches, and how long they took. */
export class CallTotals {
  dbCount = 0;
  /** Milliseconds, summed over calls that have ended. */
  dbMs = 0;
  cacheCount = 0;
  cacheMs = 0;
}
