import { active } from '../../context/active-trace.js';
import { definePatch, type Patch } from '../patch.js';
import {
  callbackIndex,
  covered,
  follow,
  openCall,
  originUnlessShimmed,
  uncover,
  type ConnectionMethods,
  type Method,
  type ServerConfig,
} from './mysql2-command.js';
import { callerContext, ownerOf, type Callback } from './settled-callbacks.js';

const POOL = definePatch({
  package: 'mysql2',
  target: 'Pool.prototype',
  gives: 'the request to which a query of a pool belongs, and the time that it waits',
  without: 'queries through pools are not steps',
  why: 'a pool calls back in the context of the request that releases the connection',
});
const CLUSTER = definePatch({
  package: 'mysql2',
  target: 'PoolNamespace.prototype',
  gives: 'the time that a query of a pool cluster waits for a connection',
  without: 'the steps of queries of a pool cluster begin when they have a connection',
  why: 'mysql2 has no hook there',
});
interface Pool {
  readonly config?: { readonly connectionConfig?: ServerConfig };
  readonly _freeConnections?: { readonly length: number };
}

type PoolMethods = Record<'query' | 'execute' | 'getConnection', Method>;

/** What of the exports of `mysql2` makes pools, and clusters of them. */
export interface PoolMaker {
  readonly Pool: { readonly prototype: PoolMethods };
  readonly PoolCluster: new () => { of(pattern: string): Record<'query' | 'execute', Method> };
}

/** Returns whether queries of a pool can be traced. */
export function tracePool(mysql2: PoolMaker, connection: ConnectionMethods): boolean {
  const pool = POOL.read('class `Pool`', () => mysql2.Pool.prototype);
  if (pool === undefined) return false;
  const isBound = POOL.method(
    ownerOf(pool, 'getConnection'),
    'getConnection',
    (original) =>
      function (...args: unknown[]) {
        const isCovered = covered.connection;
        covered.connection = false;
        const [callback] = args;
        // Outside a trace too: a caller that waits is called back in the context of a request.
        if (typeof callback === 'function') args[0] = connected(callback as Callback, isCovered);
        const { _freeConnections: free } = this as Pool;
        const hasFree = free !== undefined && free.length > 0;
        if (hasFree || active.getStore() === undefined) return original.apply(this, args);
        // A new connection serves many requests: its socket must not belong to the first one.
        return active.run(undefined, () => original.apply(this, args));
      },
  );
  if (isBound) {
    traceQueries(POOL, pool, connection, (owner) => (owner as Pool).config?.connectionConfig);
  }
  return isBound;
}

function connected(callback: Callback, isCovered: boolean): Callback {
  const context = callerContext();
  return function (...args) {
    // A cluster that gets an error asks the next pool.
    covered.connection = isCovered && Boolean(args[0]);
    covered.query = isCovered && !args[0];
    try {
      return context.runInAsyncScope(callback, this, ...args);
    } finally {
      uncover();
    }
  };
}

export function traceCluster(mysql2: PoolMaker, connection: ConnectionMethods): void {
  const namespace = CLUSTER.read('`PoolCluster.of`', () => new mysql2.PoolCluster().of('*'));
  if (namespace === undefined) return;
  const prototype = Object.getPrototypeOf(namespace) as Record<'query' | 'execute', Method>;
  traceQueries(CLUSTER, prototype, connection, () => undefined);
}

/** A query of a pool begins when it is asked for, not when there is a connection for it. */
function traceQueries(
  patch: Patch,
  owner: Record<'query' | 'execute', Method>,
  connection: ConnectionMethods,
  configOf: (owner: object) => ServerConfig | undefined,
): void {
  for (const name of ['query', 'execute'] as const) {
    const owners = ownerOf(owner, name);
    patch.method(
      owners,
      name,
      (original) =>
        function (...args: unknown[]) {
          const hasCallback = callbackIndex(args) >= 0;
          // Without a callback, `execute` has nothing that shows its end here.
          const isFollowed = hasCallback || name === 'query';
          const origin = isFollowed ? originUnlessShimmed(ownerOf(connection, name)) : undefined;
          if (origin === undefined) return original.apply(this, args);
          const call = openCall(origin, args[0], configOf(this));
          covered.connection = true;
          try {
            return follow(original, this, args, call, undefined);
          } finally {
            uncover();
          }
        },
    );
  }
}
