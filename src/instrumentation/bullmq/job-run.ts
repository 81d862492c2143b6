import { currentStore, runInStore, type TraceStore } from '../../context/trace-store.js';
import type { RunUnitOfWork, UnitOfWork } from '../../context/unit-of-work.js';

/** What BullMQ's own errors are called that put a job back instead of failing it. */
const STEPS_ASIDE: ReadonlySet<unknown> = new Set([
  'DelayedError',
  'RateLimitError',
  'WaitingError',
  'WaitingChildrenError',
]);

/**
 * One attempt of a job. Its trace is there from the worker's first event about it to the last,
 * before and after the processor, which is what its finish line tells of.
 */
export class JobRun {
  /** Both are set at once: a promise's function and that of a work are called where they stand. */
  private store!: TraceStore;
  private settle!: PromiseWithResolvers;

  constructor(runUnitOfWork: RunUnitOfWork, work: UnitOfWork) {
    const done = runUnitOfWork(work, () => {
      this.store = currentStore()!;
      return new Promise<void>((resolve, reject) => (this.settle = { resolve, reject }));
    });
    // Whoever called the processor is told of its error.
    done.catch(() => {});
  }

  /** Runs a function in the context of the job. */
  enter<T>(fn: () => T): T {
    return runInStore(this.store, fn);
  }

  /** Runs the processor, with whose result the attempt ends. */
  async process<T>(fn: () => Promise<T>): Promise<T> {
    try {
      const result = await this.enter(fn);
      this.settle.resolve();
      return result;
    } catch (error) {
      if (STEPS_ASIDE.has((error as Error | null | undefined)?.name)) this.settle.resolve();
      else this.settle.reject(error);
      throw error;
    }
  }

  /** Ends the attempt, unless the processor has. */
  fail(error: unknown): void {
    this.settle.reject(error);
  }
}

interface PromiseWithResolvers {
  resolve(): void;
  reject(error: unknown): void;
}
