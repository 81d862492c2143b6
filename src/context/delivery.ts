import { AsyncLocalStorage } from 'node:async_hooks';
import { sharedState } from '../records/shared-state.js';
import type { Trace } from '../trace/trace.js';

/**
 * What a client library hands to the application in one call: a message, or a batch of them. The
 * call knows which trace failed, so that lines can have its ids which the library writes later,
 * outside of the trace.
 */
export class Delivery {
  private readonly failed = new WeakMap<object, Trace>();
  private lastFailed: Trace | undefined;

  /** @param attempt of a single message, 1 for the first. */
  constructor(private attempt?: number) {}

  /** For the message that is delivered, and not for those that its handler consumes itself. */
  takeAttempt(): number | undefined {
    const { attempt } = this;
    this.attempt = undefined;
    return attempt;
  }

  /** Notes that a unit of work has failed. */
  noteFailed(trace: Trace, error: unknown): void {
    this.lastFailed = trace;
    if (isObject(error)) this.failed.set(error, trace);
  }

  /** The unit of work that an error is from. Where something else was made of it: the last that failed. */
  traceOf(error: unknown): Trace | undefined {
    return (isObject(error) ? this.failed.get(error) : undefined) ?? this.lastFailed;
  }
}

/** Used only where there is such a library: on Node 20 and 22 each storage costs something. */
export const deliveries = sharedState('deliveries', () => new AsyncLocalStorage<Delivery>());

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
