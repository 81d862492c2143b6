import { AsyncLocalStorage } from 'node:async_hooks';
import { types } from 'node:util';
import { currentTrace } from '../../context/trace-store.js';
import type { TracedApplication, UnitOfWork } from '../../context/unit-of-work.js';
import type { Trace } from '../../trace/trace.js';
import { countErrors } from './errors.js';

type RunInContext = <T>(fn: () => T) => T;

/**
 * A query, mutation or subscription that came over a socket: one piece of work, through however
 * many callbacks it goes.
 */
export class SocketOperation {
  private trace: Trace | undefined = undefined;
  private enter: RunInContext = (fn) => fn();
  private settle = { done: (): void => {}, failed: (): void => {}, left: (): void => {} };

  /** @param isOpen whether the client is still there. */
  constructor(
    host: TracedApplication,
    work: UnitOfWork,
    private readonly isOpen: () => boolean,
    onEnd: (operation: SocketOperation) => void,
  ) {
    const onLeave = (left: () => void): void => {
      this.settle.left = left;
    };
    const begin = (): Promise<void> => {
      this.trace = currentTrace();
      this.enter = AsyncLocalStorage.snapshot() as RunInContext;
      return new Promise((resolve, reject) => {
        this.settle.done = resolve;
        this.settle.failed = reject;
      });
    };
    const end = (): void => onEnd(this);
    host.runUnitOfWork({ ...work, onLeave }, begin).then(end, end);
  }

  /** Runs a part of it in its context. Where that throws or rejects, it has failed. */
  run<T>(fn: () => T): T {
    try {
      const result = this.enter(fn);
      if (types.isPromise(result)) result.catch(() => this.fail());
      return result;
    } catch (error) {
      this.fail();
      throw error;
    }
  }

  countErrors(errors: unknown): void {
    countErrors(this.trace, errors);
  }

  /** There is nothing more to do. An answer with errors is a failure, whatever else it has. */
  end(): void {
    const hasErrors = this.trace?.metadata.work?.graphql_errors !== undefined;
    if (!this.isOpen()) this.settle.left();
    if (hasErrors) this.fail();
    else this.settle.done();
  }

  /** This side gave up. */
  fail(): void {
    this.settle.failed();
  }
}
