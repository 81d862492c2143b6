import { errorMonitor, type EventEmitter } from 'node:events';
import {
  catchError,
  concat,
  from,
  ignoreElements,
  isObservable,
  mergeMap,
  of,
  throwError,
  type Observable,
} from 'rxjs';

type Respond = (error: unknown, ...answer: unknown[]) => unknown;

/** The end of a call whose handler returns long before it. */
export interface StreamCallEnd {
  /** The function that answers a stream of requests; `undefined` where a stream is the answer. */
  readonly respond: Respond | undefined;
  /** Whether the call has been answered to its end. */
  readonly isReached: () => boolean;
  /** What the handler returned, completed when the call has ended, failed if with an error. */
  readonly follow: (returned: unknown) => Observable<unknown>;
  /** The same for NestJS, without the error that the client has been sent already. */
  readonly handled: (followed: Observable<unknown>) => Observable<unknown>;
}

/** Watches for the end of a call that a handler with `@GrpcStreamCall` reads and writes itself. */
export function streamCallEnd(call: EventEmitter, respond: unknown): StreamCallEnd {
  const sentErrors = new Set<unknown>();
  let isReached = false;
  let answer: Respond | undefined;
  const ended = new Promise<void>((resolve, reject) => {
    const end = (): void => {
      isReached = true;
      resolve();
    };
    const fail = (error: unknown): void => {
      isReached = true;
      sentErrors.add(error);
      reject(error);
    };
    call.once('finish', end).once('cancelled', resolve).once(errorMonitor, fail);
    if (typeof respond !== 'function') return;
    answer = (error, ...rest) => {
      if (error === undefined || error === null) end();
      else fail(error);
      return (respond as Respond)(error, ...rest);
    };
  });
  // Nothing waits for the end of a call that a guard refuses, so its rejection is handled here.
  ended.catch(() => {});
  return {
    respond: answer,
    isReached: () => isReached,
    follow: (returned) => concat(valuesOf(returned), from(ended).pipe(ignoreElements())),
    handled: (followed) =>
      followed.pipe(
        catchError((error: unknown) =>
          sentErrors.has(error) ? of(undefined) : throwError(() => error),
        ),
      ),
  };
}

function valuesOf(returned: unknown): Observable<unknown> {
  return from(Promise.resolve(returned)).pipe(
    mergeMap((value) => (isObservable(value) ? value : of(value))),
  );
}
