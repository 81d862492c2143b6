import { active } from '../../context/active-trace.js';
import {
  openClientCall,
  originOfCall,
  type CallOrigin,
  type ClientCall,
} from '../../spans/client-call.js';
import { definePatch } from '../patch.js';
import { isWrappedBySdk } from './sdk-wrapper.js';
import { callerContext, ownerOf, type Callback } from './settled-callbacks.js';
import { connectionOf, openPgCall, type PgConnected } from './pg-statement.js';

interface PgPool {
  readonly options?: PgConnected;
  readonly Client?: { readonly prototype?: { readonly query?: unknown } };
  readonly Promise?: PromiseConstructor;
  readonly _clients?: readonly PgConnected[];
  query(...args: unknown[]): unknown;
  connect(...args: unknown[]): unknown;
}

const QUERY = definePatch({
  package: 'pg-pool',
  target: 'Pool.prototype.query',
  gives: 'the time in which a query waits for a connection, and its failure where there is none',
  without: 'the time in which queries of a pool wait for a connection is not recorded',
  why: 'the pool passes the query on to a connection when one is free',
});
const CONNECT = definePatch({
  package: 'pg-pool',
  target: 'Pool.prototype.connect',
  gives: 'queries and callbacks that belong to the request that waited for the connection',
  without: 'queries of a pool may be recorded for another request',
  why: 'the pool hands a connection over in the context of the request that has released it',
});

/** A query of a pool, from `pool.query` to its call of `pool.connect`. */
let asked:
  { readonly pool: PgPool; readonly query: unknown; readonly origin: CallOrigin } | undefined;
/** The call of a query of a pool, from the callback of `pool.connect` to its `client.query`. */
let handedOver: ClientCall | undefined;

/** The call that a pool has opened for the query that it passes to a client now. */
export function takePoolCall(): ClientCall | undefined {
  const call = handedOver;
  handedOver = undefined;
  return call;
}

/** Makes the queries of pools belong to those who make them. */
export function tracePgPool(prototype: PgPool | undefined): void {
  if (!CONNECT.method(ownerOf(prototype, 'connect'), 'connect', tracedConnect)) return;
  QUERY.method(ownerOf(prototype, 'query'), 'query', tracedQuery);
}

function tracedQuery(query: Callback): PgPool['query'] {
  return function (this: PgPool, ...args) {
    if (active.getStore() === undefined) return query.apply(this, args);
    const origin = originOfCall('databases');
    const isOurs = origin !== undefined && !isWrappedBySdk(this.Client?.prototype?.query);
    const outer = asked;
    asked = isOurs ? { pool: this, query: args[0], origin } : undefined;
    try {
      return query.apply(this, args);
    } finally {
      asked = outer;
    }
  };
}

function tracedConnect(connect: Callback): PgPool['connect'] {
  return function (this: PgPool, ...args) {
    if (active.getStore() === undefined) return connect.apply(this, args);
    const [callback] = args;
    if (callback) {
      if (typeof callback !== 'function') return connect.apply(this, args);
      return connect.call(this, withConnection(this, callback as Callback));
    }
    // What a promise is waited for comes back in its own context: it is only of interest if it fails.
    const { Promise: PoolPromise = Promise } = this;
    const origin = originOfConnect(this);
    if (origin === undefined) return connect.apply(this, args);
    return new PoolPromise((resolve, reject) => {
      connect.call(this, (error: unknown, client: unknown) => {
        if (error) failConnect(origin, this, error);
        if (error) reject(error);
        else resolve(client);
      });
    }).catch((error: unknown) => {
      // As the pool does: the stack leads to the code that waits, not to the socket.
      if (error instanceof Error) Error.captureStackTrace(error);
      throw error;
    });
  };
}

/** The callback of `pool.connect`: that of `pool.query`, or one of the application's. */
function withConnection(pool: PgPool, callback: Callback): Callback {
  const context = callerContext();
  const query = asked?.pool === pool ? asked : undefined;
  asked = undefined;
  const call = query && openPgCall(query.origin, query.query, serverOf(pool));
  const origin = query === undefined ? originOfConnect(pool) : undefined;
  return function (this: unknown, ...args) {
    const [error] = args;
    if (error) {
      if (call !== undefined) call.fail(error);
      else if (origin !== undefined) failConnect(origin, pool, error);
    } else {
      handedOver = call;
    }
    try {
      return context.runInAsyncScope(callback, this, ...args);
    } finally {
      // Nothing to follow: the pool has passed the query on in another way.
      takePoolCall()?.end();
    }
  };
}

function originOfConnect(pool: PgPool): CallOrigin | undefined {
  return isWrappedBySdk(pool.connect) ? undefined : originOfCall('databases');
}

/** A connection that could not be had. One that could is no step: its queries are. */
function failConnect(origin: CallOrigin, pool: PgPool, error: unknown): void {
  const server = serverOf(pool);
  const attributes = { 'db.system.name': 'postgresql', ...(server && connectionOf(server)) };
  openClientCall(origin, 'databases', { name: 'connect', attributes }).fail(error);
}

/** A client knows what a connection string says, and what is set in the environment. */
function serverOf({ _clients: clients, options }: PgPool): PgConnected | undefined {
  return clients?.[0] ?? options;
}
