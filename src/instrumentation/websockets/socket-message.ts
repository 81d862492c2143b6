import { AsyncLocalStorage } from 'node:async_hooks';
import { types } from 'node:util';
import { isObservable, Observable, Subject, type Subscription } from 'rxjs';
import { currentTrace } from '../../context/trace-store.js';
import type { TracedApplication, UnitOfWork } from '../../context/unit-of-work.js';
import type { Trace } from '../../trace/trace.js';
import type { SocketConnection } from './socket-connection.js';

/** The messages that have begun, by their traces. */
const messages = new WeakMap<Trace, SocketMessage>();

/** The message whose context is current. */
export function currentMessage(): SocketMessage | undefined {
  const trace = currentTrace();
  return trace === undefined ? undefined : messages.get(trace);
}

/**
 * One message, from its arrival to the end of what its handler returns. How it ends cannot be read
 * off that alone: NestJS answers an error before the adapter sees it, and a promise that nobody
 * waits for any longer does not say so. Hence an observable of its own, which has no values.
 */
export class SocketMessage {
  private readonly ending = new Subject<never>();
  private ended: Subscription | undefined;
  private failure: { readonly error: unknown } | undefined;

  /** Runs a message's handler, and hands back what is to go to the adapter. */
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
    connection.messages.add(message.ended);
    return answer;
  }

  /** Takes note of an error that somebody else answers. */
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
    // The adapter subscribes and unsubscribes in the socket's context, which is none.
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
