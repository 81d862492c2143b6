/** How something ended; `left`: its consumer has unsubscribed or disconnected. */
export type Ending = 'done' | 'failed' | 'left';

/** What is done until a result has ended. */
export interface Following {
  /** Runs the next part of it in its context. */
  run<T>(fn: () => T): T;
  /**
   * Called when an observable is subscribed to. Returns what runs the subscriber: its code is no
   * part of what is followed, although the observable calls it. Default: it just runs.
   */
  outside?(): <T>(fn: () => T) => T;
  /** Called when it ends, perhaps more than once; the first call counts. */
  end(ending: Ending, error?: unknown): void;
  /** Whether its consumer waits for the last value of an observable if that is a promise or thenable. */
  readonly isLastAwaited?: boolean;
}
