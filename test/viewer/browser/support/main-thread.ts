import type { Browser, Page } from 'playwright-core';

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds. */
  readonly dur?: number;
  /** Microseconds of the processor's. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/** One turn of the event loop of a page, milliseconds. */
export interface Task {
  readonly tookMs: number;
  /** Without the time in which other programs had the processor. */
  readonly ownMs: number;
}

/** All tasks of a page's main thread, as the browser's own tracing reports them. */
export class MainThread {
  private constructor(private readonly browser: Browser) {}

  static async watch(tab: Page): Promise<MainThread> {
    const browser = tab.context().browser()!;
    // An attempt that failed or ran out of time may have left one open, which would fail the next.
    await browser.stopTracing().catch(() => {});
    await browser.startTracing(tab, { categories: ['disabled-by-default-devtools.timeline'] });
    return new MainThread(browser);
  }

  async tasks(): Promise<Task[]> {
    const trace = JSON.parse(String(await this.browser.stopTracing())) as {
      traceEvents: readonly TraceEvent[];
    };
    const named = trace.traceEvents.filter(
      ({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain',
    );
    const threads = new Set(named.map(threadOf));
    return trace.traceEvents
      .filter(({ name, ph }) => name === 'RunTask' && ph === 'X')
      .filter((event) => threads.has(threadOf(event)))
      .map(({ dur = 0, tdur = dur }) => ({ tookMs: dur / 1000, ownMs: tdur / 1000 }));
  }
}

function threadOf({ pid, tid }: TraceEvent): string {
  return `${pid}/${tid}`;
}
