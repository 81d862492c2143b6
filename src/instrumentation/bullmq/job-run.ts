import { runInSnapshot, takeSnapshot, type TraceSnapshot } from '../../context/trace-store.js';
import type { RunUnitOfWork, UnitOfWork } from '../../context/unit-of-work.js';

/**
 * One attempt of a job. It has a trace from the worker's first event about it to the last one; its
 * access log line covers the processor alone.
 */
export class JobRun {
  /** Both are set by the constructor, as both functions that set them are called at once. */
  private context!: TraceSnapshot;
  private settle!: PromiseWithResolvers;

  constructor(runUnitOfWork: RunUnitOfWork, work: UnitOfWork) {
    const done = runUnitOfWork(work, () => {
      this.context = takeSnapshot();
      return new Promise<void>((resolve, reject) => (this.settle = { resolve, reject }));
    });
    // The worker has the error: it called the processor.
    done.catch(() => {});
  }

  /** Runs a function in the context of the job. */
  enter<T>(fn: () => T): T {
    return runInSnapshot(this.context, fn);
  }

  /**
   * Runs the processor, with whose result the attempt ends.
   *
   * @param putsBack the names of errors that put the job back instead of failing it.
   */
  async process<T>(fn: () => Promise<T>, putsBack?: ReadonlySet<unknown>): Promise<T> {
    try {
      const result = await this.enter(fn);
      this.settle.resolve();
      return result;
    } catch (error) {
      if (putsBack?.has((error as Error | null | undefined)?.name) === true) this.settle.resolve();
      else this.settle.reject(error);
      throw error;
    }
  }

  /** Ends the attempt as completed, unless it has ended. */
  complete(): void {
    this.settle.resolve();
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
