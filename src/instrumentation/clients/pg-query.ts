import type { ClientCall } from '../../spans/client-call.js';
import {
  callerContext,
  emitInCallerContext,
  settleCall,
  settledCallback,
  type Callback,
  type Emitter,
} from './settled-callbacks.js';

/**
 * What a client runs: its own query, or what an application gives it with `submit`, such as a cursor
 * or a stream. The client calls its methods with what comes over the connection.
 */
export interface PgQuery extends Partial<Emitter> {
  callback?: unknown;
  handleError?: Callback;
  handleReadyForQuery?: Callback;
  submit?: Callback;
  /** Why a row could not be read. */
  readonly _canceledDueToError?: unknown;
}

/** What of a client shows which query was added last. Older versions have no underscore. */
export interface PgQueue {
  readonly _queryQueue?: readonly PgQuery[];
  readonly queryQueue?: readonly PgQuery[];
  readonly _sentQueryQueue?: readonly PgQuery[];
  readonly _activeQuery?: PgQuery | null;
  readonly activeQuery?: PgQuery | null;
}

/** The methods that a client calls for a query that is running. */
const HANDLERS = [
  'handleRowDescription',
  'handleDataRow',
  'handlePortalSuspended',
  'handleEmptyQuery',
  'handleCommandComplete',
  'handleCopyInResponse',
  'handleCopyData',
] as const;

/** The query that a client has taken last, as long as it runs. */
export function lastQuery(client: PgQueue): PgQuery | undefined {
  const { _queryQueue: waiting, _sentQueryQueue: sent, _activeQuery: running } = client;
  if (waiting !== undefined) return waiting.at(-1) ?? sent?.at(-1) ?? running ?? undefined;
  return client.queryQueue?.at(-1) ?? client.activeQuery ?? undefined;
}

/**
 * Ends a call with a query whose result is a promise. That promise is left alone: to wait for it
 * would count as handling its rejection, and another one in its place would cut the application's
 * frames off the stack of its error.
 */
export function followQuery(query: PgQuery, call: ClientCall): void {
  const { callback, handleError } = query;
  if (typeof callback === 'function') {
    query.callback = function (this: unknown, ...args: unknown[]): unknown {
      settleCall(call, args[0]);
      return (callback as Callback).apply(this, args);
    };
  }
  // A query that times out is given another callback before it hears of its error.
  if (typeof handleError === 'function') {
    query.handleError = function (this: unknown, ...args: unknown[]): unknown {
      call.fail(args[0]);
      return handleError.apply(this, args);
    };
  }
}

/**
 * Ends a call with a query, cursor or stream that the application has made: once it is exhausted,
 * closed or failed. Whatever it emits and calls, it does so in the context that is active now.
 */
export function followSubmitted(query: PgQuery, call: ClientCall | undefined): void {
  if (typeof query.handleReadyForQuery !== 'function') {
    followNative(query, call);
    return;
  }
  const context = callerContext();
  const handlers = query as Record<string, unknown>;
  for (const name of HANDLERS) {
    const handle = handlers[name];
    if (typeof handle !== 'function') continue;
    handlers[name] = function (this: unknown, ...args: unknown[]): unknown {
      return context.runInAsyncScope(handle as Callback, this, ...args);
    };
  }
  const { handleError, handleReadyForQuery } = query;
  query.handleReadyForQuery = function (...args) {
    // Where a row could not be read, the query reports that as its error now.
    const { _canceledDueToError: unreadable } = query;
    if (!unreadable) call?.end();
    return context.runInAsyncScope(handleReadyForQuery, this, ...args);
  };
  query.handleError = function (...args) {
    call?.fail(args[0]);
    return handleError && context.runInAsyncScope(handleError, this, ...args);
  };
}

/** A query of the native client, which learns of its end in a function of its own. */
function followNative(query: PgQuery, call: ClientCall | undefined): void {
  const { callback, emit } = query;
  if (typeof callback === 'function') {
    query.callback = settledCallback(callback as Callback, (error) => settleCall(call, error));
  }
  if (typeof emit !== 'function') {
    call?.end();
    return;
  }
  emitInCallerContext(query as Emitter, (event, argument) => {
    if (event === 'end') call?.end();
    else if (event === 'error') call?.fail(argument);
  });
}
