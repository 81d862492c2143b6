import { active } from '../../context/active-trace.js';
import { originOfCall, type ClientCall } from '../../spans/client-call.js';
import { definePatch } from '../patch.js';
import { inCallersContext } from './caller-context.js';
import type { ClientInstrumentation } from './client-instrumentation.js';
import { beginRecording, endRecording, subscribeToPg, type PatchedCopy } from './pg-channel.js';
import { takePoolCall, tracePgPool } from './pg-pool.js';
import { followQuery, followSubmitted, lastQuery, type PgQuery, type PgQueue } from './pg-query.js';
import { openPgCall, type PgConnected } from './pg-statement.js';
import { isWrappedBySdk } from './sdk-wrapper.js';
import { ownerOf, settleCall, settledCallback, type Callback } from './settled-callbacks.js';

/** A client of pg, written in JavaScript or around `libpq`. */
interface PgClient extends PgConnected, PgQueue {
  query(...args: unknown[]): unknown;
  connect(...args: unknown[]): unknown;
  end(...args: unknown[]): unknown;
}

interface PgExports {
  readonly Client?: { readonly prototype?: PgClient };
  readonly Pool?: { readonly prototype?: Parameters<typeof tracePgPool>[0] };
  readonly native?: PgExports | null;
}

const QUERY = definePatch({
  package: 'pg',
  target: 'Client.prototype.query',
  gives: 'each query as a step',
  without: 'queries are not recorded',
  why: 'pg has neither a channel nor an event for a query',
});
const CONNECT = definePatch({
  package: 'pg',
  target: 'Client.prototype.connect',
  gives: 'callbacks in the context of their caller, and connections that keep no trace',
  without: 'what a connection emits later may have the ids of the request that opened it',
  why: 'a socket emits everything in the context in which it was opened',
});

const END = definePatch({
  package: 'pg',
  target: 'Client.prototype.end',
  gives: 'its callback in the context of its caller',
  without: 'the callback of `client.end` runs outside of the trace',
  why: 'the socket that calls it back belongs to no trace',
});

/** The queries of pg and of its pools, whatever ORM makes them. */
export const pg: ClientInstrumentation = { prepare: subscribeToPg, traceCopy };

function traceCopy(exported: object, name: string): void {
  if (name === 'pg-pool') {
    tracePgPool((exported as { prototype?: Parameters<typeof tracePgPool>[0] }).prototype);
    return;
  }
  const { Client, Pool } = exported as PgExports;
  if (!traceClient(Client?.prototype)) return;
  if (Pool?.prototype !== undefined) tracePgPool(Pool.prototype);
  traceNative(exported);
}

/** pg loads the native client when it is asked for it, which is left to the application. */
function traceNative(exported: object): void {
  const native: unknown = Object.getOwnPropertyDescriptor(exported, 'native')?.value;
  const { Client } = Object(native) as PgExports;
  if (Client?.prototype !== undefined) traceClient(Client.prototype);
}

function traceClient(prototype: PgClient | undefined): boolean {
  const copy: PatchedCopy = { isPublishing: false };
  const isTraced = QUERY.method(ownerOf(prototype, 'query'), 'query', (query) =>
    tracedQuery(query as Callback, copy),
  );
  const isFree = CONNECT.method(ownerOf(prototype, 'connect'), 'connect', tracedConnect);
  if (isFree) END.method(ownerOf(prototype, 'end'), 'end', tracedEnd);
  return isFree && isTraced;
}

function tracedConnect(connect: Callback): PgClient['connect'] {
  return function (this: PgClient, ...args) {
    if (active.getStore() === undefined) return connect.apply(this, args);
    const bound = args.map(inCallersContext);
    return active.run(undefined, () => connect.apply(this, bound));
  };
}

function tracedEnd(end: Callback): PgClient['end'] {
  return function (this: PgClient, ...args) {
    return end.apply(this, args.map(inCallersContext));
  };
}

function tracedQuery(query: Callback, copy: PatchedCopy): PgClient['query'] {
  return function (this: PgClient, ...args) {
    if (active.getStore() === undefined) return query.apply(this, args);
    const call = takePoolCall() ?? callOf(this, args[0], copy);
    if (call === undefined) return passOn(this, query, args, undefined);
    const outer = beginRecording(copy);
    try {
      return passOn(this, query, args, call);
    } catch (error) {
      call.fail(error);
      throw error;
    } finally {
      endRecording(outer);
    }
  };
}

function passOn(
  client: PgClient,
  query: Callback,
  args: unknown[],
  call: ClientCall | undefined,
): unknown {
  if (isSubmittable(args[0])) return submit(client, query, args, call);
  const callback = callbackIndex(args);
  if (callback !== -1) return query.apply(client, withCallback(args, callback, call));
  return call === undefined ? query.apply(client, args) : passOnPromised(client, query, args, call);
}

function callOf(client: PgClient, query: unknown, copy: PatchedCopy): ClientCall | undefined {
  if (query === undefined || query === null) return undefined;
  // It may publish only the queries that it makes itself, and no cursors and streams.
  if (copy.isPublishing && !isSubmittable(query)) return undefined;
  const origin = originOfCall('databases');
  if (origin === undefined || isWrappedBySdk(client.query)) return undefined;
  return openPgCall(origin, query, client);
}

function isSubmittable(query: unknown): query is PgQuery {
  return typeof (query as PgQuery | null | undefined)?.submit === 'function';
}

function submit(
  client: PgClient,
  query: Callback,
  args: unknown[],
  call: ClientCall | undefined,
): unknown {
  const [submitted, values, callback] = args as [PgQuery, unknown, unknown];
  // As pg does, before it is followed: a native query calls its callback by itself.
  if (!submitted.callback) {
    if (typeof values === 'function') submitted.callback = values;
    else if (callback) submitted.callback = callback;
  }
  followSubmitted(submitted, call);
  return query.call(client, submitted);
}

/** Where the callback is that a query calls: the last one counts. */
function callbackIndex([query, values, callback]: unknown[]): -1 | 0 | 1 | 2 {
  if (typeof callback === 'function') return 2;
  if (callback) return -1;
  if (typeof values === 'function') return 1;
  return typeof (Object(query) as PgQuery).callback === 'function' ? 0 : -1;
}

function withCallback(args: unknown[], index: 0 | 1 | 2, call: ClientCall | undefined): unknown[] {
  const settle = (error: unknown): void => settleCall(call, error);
  const passed = [...args];
  if (index > 0) {
    passed[index] = settledCallback(args[index] as Callback, settle);
    return passed;
  }
  // A configuration may be used again: it is copied, as pg does.
  const config = args[0] as object;
  const value = settledCallback((config as { callback: Callback }).callback, settle);
  passed[0] = Object.create(Object.getPrototypeOf(config) as object | null, {
    ...Object.getOwnPropertyDescriptors(config),
    callback: { value, configurable: true, enumerable: true, writable: true },
  });
  return passed;
}

function passOnPromised(
  client: PgClient,
  query: Callback,
  args: unknown[],
  call: ClientCall,
): unknown {
  const before = lastQuery(client);
  const result = query.apply(client, args);
  const queued = lastQuery(client);
  if (queued !== undefined && queued !== before) {
    followQuery(queued, call);
    return result;
  }
  // The client is closed or broken and has not taken it.
  const { then } = Object(result) as { then?: unknown };
  if (typeof then !== 'function') {
    call.end();
    return result;
  }
  return (result as Promise<unknown>).then(
    (value) => {
      call.end();
      return value;
    },
    (error: unknown) => {
      call.fail(error);
      throw error;
    },
  );
}
