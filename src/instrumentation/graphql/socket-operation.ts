import { AsyncLocalStorage } from 'node:async_hooks';
import { types } from 'node:util';
import { currentTrace } from '../../context/active-trace.js';
import type { TracedApplication } from '../../context/traced-application.js';
import type { UnitOfWork } from '../../context/unit-of-work.js';
import type { Trace } from '../../trace/trace.js';
import { noteErrors, noteThrown } from './operation-errors.js';

type RunInContext = <T>(fn: () => T) => T;

/**
 * A query, mutation or subscription that came over a socket: one context and one access log line
 * for all the callbacks that it runs through.
 */
export class SocketOperation {
  private trace: Trace | undefined = undefined;
  private enter: RunInContext = (fn) => fn();
  private settle = {
    done: (): void => {},
    failed: (_error?: unknown): void => {},
    left: (): void => {},
  };

  /** @param isOpen whether the client is still connected. */
  constructor(
    application: TracedApplication,
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
    application.runUnitOfWork({ ...work, onLeave }, begin).then(end, end);
  }

  /** Runs a part of the operation in its context. It ends where that part throws or rejects. */
  run<T>(fn: () => T): T {
    try {
      const result = this.enter(fn);
      if (types.isPromise(result)) result.catch((error: unknown) => this.endThrown(error));
      return result;
    } catch (error) {
      this.endThrown(error);
      throw error;
    }
  }

  noteErrors(errors: unknown): void {
    noteErrors(this.trace, errors);
  }

  /**
   * Ends the operation. A result with an error that is not the client's mistake is a failure, even if
   * it has data as well.
   */
  end(): void {
    const error = this.trace?.metadata.work?.error;
    if (!this.isOpen()) this.settle.left();
    if (error !== undefined) this.fail(error);
    else this.settle.done();
  }

  /** Ends the operation as one that is not followed any longer, as if its client had disconnected. */
  leave(): void {
    this.settle.left();
    this.settle.done();
  }

  private endThrown(error: unknown): void {
    if (noteThrown(this.trace, error)) this.fail(error);
    else this.settle.done();
  }

  /** Ends the operation as a failure of the server. */
  fail(error?: unknown): void {
    this.settle.failed(error);
  }
}
