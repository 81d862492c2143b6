import { AsyncLocalStorage } from 'node:async_hooks';
import { types } from 'node:util';
import { isObservable, Observable, Subject, type Subscription } from 'rxjs';
import { currentTrace } from '../../context/active-trace.js';
import { sharedState } from '../../records/shared-state.js';
import type { TracedApplication } from '../../context/traced-application.js';
import type { UnitOfWork } from '../../context/unit-of-work.js';
import type { Trace } from '../../trace/trace.js';
import type { SocketConnection } from './socket-connection.js';

// Shared by all copies of one release: one of them makes the change that asks for the message.
const messages = sharedState('socket-messages', () => new WeakMap<Trace, SocketMessage>());

/** The message whose context is current. */
export function currentMessage(): SocketMessage | undefined {
  const trace = currentTrace();
  return trace === undefined ? undefined : messages.get(trace);
}

/**
 * One message, from its arrival to the end of what its handler returns. That result alone does not
 * show how the message ended: exception filters answer an error before the adapter sees it, and a
 * promise goes on after its client has disconnected. So a message has an observable of its own,
 * without values, which ends as the message does.
 */
export class SocketMessage {
  private readonly ending = new Subject<never>();
  private ended: Subscription | undefined;
  private failure: { readonly error: unknown } | undefined;

  /** Runs the handler of a message, and returns what the adapter is to get. */
  static run(
    { runUnitOfWork }: TracedApplication,
    connection: SocketConnection,
    work: UnitOfWork,
    handle: () => unknown,
  ): unknown {
    const message = new SocketMessage();
    let answer: unknown;
    const ended = runUnitOfWork<Observable<never>>(work, () => {
      const trace = currentTrace();
      if (trace !== undefined) messages.set(trace, message);
      answer = message.follow(handle());
      return message.ending.asObservable();
    });
    message.ended = ended.subscribe({ error: () => {} });
    connection.follow(message.ended);
    return answer;
  }

  /** Notes an error that an exception filter is going to answer. */
  fail(error: unknown): void {
    this.failure ??= { error };
  }

  private follow(result: unknown): unknown {
    if (!types.isPromise(result)) return this.take(result);
    return result.then(
      (value) => this.take(value),
      (error: unknown) => {
        this.ending.error(error);
        throw error;
      },
    );
  }

  private take(value: unknown): unknown {
    if (isObservable(value)) return this.followObservable(value);
    this.end();
    return value;
  }

  private followObservable(source: Observable<unknown>): Observable<unknown> {
    // The adapter subscribes and unsubscribes in a callback of the socket, outside every context.
    const inContext = AsyncLocalStorage.snapshot();
    return new Observable((subscriber) => {
      const subscription = inContext(() =>
        source.subscribe({
          next: (value) => subscriber.next(value),
          error: (error: unknown) => {
            this.ending.error(error);
            subscriber.error(error);
          },
          complete: () => {
            this.end();
            subscriber.complete();
          },
        }),
      );
      return () => {
        inContext(() => subscription.unsubscribe());
        this.ended?.unsubscribe();
      };
    });
  }

  private end(): void {
    if (this.failure === undefined) this.ending.complete();
    else this.ending.error(this.failure.error);
  }
}
