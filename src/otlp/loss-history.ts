/** How many items of a queue were lost. */
export interface Losses {
  /** Not taken by the collector. */
  readonly failed: number;
  /** Not queued. */
  readonly dropped: number;
}

/** How far back a {@link LossHistory} goes, in milliseconds. */
export const MAX_WINDOW_MS = 600_000;

const STEP_MS = 250;

/** When items were lost, to a quarter of a second. What is older than ten minutes is forgotten. */
export class LossHistory {
  private steps: { readonly at: number; failed: number; dropped: number }[] = [];

  add(failed: number, dropped: number, now = performance.now()): void {
    const at = Math.floor(now / STEP_MS) * STEP_MS;
    const last = this.steps.at(-1);
    if (last?.at === at) {
      last.failed += failed;
      last.dropped += dropped;
      return;
    }
    this.steps = this.steps.filter((step) => step.at > now - MAX_WINDOW_MS);
    this.steps.push({ at, failed, dropped });
  }

  /** What was lost within the last milliseconds. */
  within(windowMs: number, now = performance.now()): Losses {
    const lost = { failed: 0, dropped: 0 };
    for (const { at, failed, dropped } of this.steps) {
      if (at + STEP_MS <= now - windowMs) continue;
      lost.failed += failed;
      lost.dropped += dropped;
    }
    return lost;
  }
}
