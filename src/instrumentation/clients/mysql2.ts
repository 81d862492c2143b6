import { errorMonitor } from 'node:events';
import { active } from '../../context/active-trace.js';
import type { SpanAttributes } from '../../records/span-record.js';
import {
  openClientCall,
  originOfCall,
  type CallOrigin,
  type ClientCall,
} from '../../spans/client-call.js';
import { definePatch, type Patch } from '../patch.js';
import {
  callerContext,
  emitInCallerContext,
  settledCallback,
  ownerOf,
  settleCall,
  type Callback,
  type Emitter,
} from './settled-callbacks.js';
import { inCallersContext } from './caller-context.js';
import type { ClientInstrumentation } from './client-instrumentation.js';
import { isWrappedBySdk } from './sdk-wrapper.js';
import { sqlCall } from './sql-call.js';

// mysql2 publishes `tracing:mysql2:query` and `:execute` since 3.20. They are not used: with a
// subscriber it adds listeners for `error` to commands, so that an error that the application does
// not handle is swallowed; the context of `start` is that of another request where a pool makes its
// callers wait; and prepared statements are not published.

const CONNECTION = definePatch({
  package: 'mysql2',
  target: 'Connection.prototype',
  gives: 'a step for each query, and callbacks in the context of their caller',
  without: 'queries are not steps',
  why: 'its diagnostics channels swallow errors that are not handled, and have no prepared statements',
});
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
const STATEMENT = definePatch({
  package: 'mysql2',
  target: 'PreparedStatementInfo.prototype.execute',
  gives: 'a step for each run of a prepared statement',
  without: 'runs of prepared statements are not steps',
  why: 'its diagnostics channels do not have them',
});

type Method = (this: object, ...args: unknown[]) => unknown;

interface ServerConfig {
  readonly host?: string;
  readonly port?: number;
  readonly socketPath?: string;
  readonly database?: string;
}

interface Connection extends Emitter {
  readonly config?: ServerConfig;
  on(event: string | symbol, listener: (error: unknown) => void): unknown;
}

interface Pool {
  readonly config?: { readonly connectionConfig?: ServerConfig };
  readonly _freeConnections?: { readonly length: number };
}

interface Statement {
  readonly query?: unknown;
  readonly _connection?: Connection;
}

type ConnectionMethods = Record<'query' | 'execute' | 'prepare', Method>;
type PoolMethods = Record<'query' | 'execute' | 'getConnection', Method>;

/** What `mysql2` exports. */
interface Mysql2 {
  readonly Connection: { readonly prototype: ConnectionMethods };
  readonly Pool: { readonly prototype: PoolMethods };
  readonly PoolCluster: new () => { of(pattern: string): Record<'query' | 'execute', Method> };
}

/** Methods with a callback that are no queries. */
const OTHERS = ['ping', 'changeUser', 'reset', 'connect', 'end'] as const;

/**
 * Whether the next connection that is asked for, and the next query on it, are for a query of a pool
 * that is a step already. Both are asked for synchronously.
 */
const covered = { connection: false, query: false };

/** A command that has events only, and no callback. */
interface OpenCommand {
  readonly call: ClientCall;
  /** Those that run on its connection. */
  siblings: Set<OpenCommand> | undefined;
}

const openCommands = new WeakMap<object, OpenCommand>();
/** Those that run, by connection. */
const commandsOf = new WeakMap<object, Set<OpenCommand>>();

export const mysql2: ClientInstrumentation = { traceCopy };

/** Traces a copy of `mysql2`; `mysql2/promise` calls the same classes. */
function traceCopy(driver: object): void {
  const mysql2 = driver as Mysql2;
  const pool = POOL.read('class `Pool`', () => mysql2.Pool.prototype);
  const connection = CONNECTION.read('class `Connection`', () => mysql2.Connection.prototype);
  if (connection === undefined) return;
  // Without it, nothing says whose a query on a connection of a pool is.
  const knowsPools = pool !== undefined && tracePool(pool, connection);
  traceConnection(connection, knowsPools);
  if (knowsPools) traceCluster(mysql2, connection);
}

function traceConnection(methods: ConnectionMethods, knowsPools: boolean): void {
  for (const name of ['query', 'execute'] as const) {
    const owner = ownerOf(methods, name);
    CONNECTION.method(
      owner,
      name,
      (original) =>
        function (...args: unknown[]) {
          const connection = this as Connection;
          const isCovered = covered.query;
          covered.query = false;
          if (isCovered) failWithConnection(connection, openCommands.get(Object(args[0])));
          if (isCovered || active.getStore() === undefined) return original.apply(this, args);
          const origin = knowsPools || !('_pool' in this) ? originUnlessShimmed(owner) : undefined;
          const call = openCall(origin, textOf(args[0]), connection.config);
          return follow(original, this, args, call, connection);
        },
    );
  }
  CONNECTION.method(
    ownerOf(methods, 'prepare'),
    'prepare',
    (original) =>
      function (...args: unknown[]) {
        const [options, callback] = args;
        if (typeof callback === 'function') {
          args[1] = prepared(this as Connection, options, callback as Callback);
        }
        return original.apply(this, args);
      },
  );
  const others = methods as Partial<Record<(typeof OTHERS)[number], Method>>;
  for (const name of OTHERS) {
    const owner = ownerOf(others, name);
    if (owner?.[name] === undefined) continue;
    CONNECTION.method(
      owner,
      name,
      (original) =>
        function (...args: unknown[]) {
          return original.apply(this, args.map(inCallersContext));
        },
    );
  }
}

/** The callback of `prepare`. Preparing is no step of its own, unless it is what failed. */
function prepared(connection: Connection, options: unknown, callback: Callback): Callback {
  const origin = originOfCall('databases');
  const callBack = inCallersContext(callback);
  return function (...args) {
    if (args[0]) openCall(origin, textOf(options), connection.config)?.fail(args[0]);
    else traceStatement(args[1]);
    return callBack.apply(this, args);
  };
}

/** Traces the class of prepared statements, which only they lead to. */
function traceStatement(statement: unknown): void {
  const prototype = Object.getPrototypeOf(Object(statement)) as Record<'execute', Method>;
  STATEMENT.method(
    prototype,
    'execute',
    (original) =>
      function (...args: unknown[]) {
        if (active.getStore() === undefined) return original.apply(this, args);
        const { query, _connection: connection } = this as Statement;
        const call = openCall(originOfCall('databases'), query, connection?.config);
        return follow(original, this, args, call, connection);
      },
  );
}

/** Returns whether queries of a pool can be traced. */
function tracePool(pool: PoolMethods, connection: ConnectionMethods): boolean {
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

function traceCluster(mysql2: Mysql2, connection: ConnectionMethods): void {
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
          const call = openCall(origin, textOf(args[0]), configOf(this));
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

function uncover(): void {
  covered.connection = false;
  covered.query = false;
}

/** Who makes a call, unless the instrumentation of an OpenTelemetry SDK records it. */
function originUnlessShimmed(
  owner: Partial<ConnectionMethods> | undefined,
): CallOrigin | undefined {
  const origin = originOfCall('databases');
  if (origin !== undefined && isWrappedBySdk(owner?.query)) return undefined;
  return origin;
}

function openCall(
  origin: CallOrigin | undefined,
  sql: unknown,
  config: ServerConfig | undefined,
): ClientCall | undefined {
  if (origin === undefined) return undefined;
  return openClientCall(origin, 'databases', sqlCall(origin, 'mysql', sql, serverOf(config)));
}

/** Makes a call of the driver, and follows it to its end. */
function follow(
  original: Function,
  self: object,
  args: unknown[],
  call: ClientCall | undefined,
  connection: Connection | undefined,
): unknown {
  const settle = (error: unknown): void => {
    uncover();
    settleCall(call, error);
  };
  const at = callbackIndex(args);
  const command = args[0] as { onResult?: unknown } | undefined;
  let hasCallback = at >= 0;
  if (hasCallback) args[at] = settledCallback(args[at] as Callback, settle);
  else if (typeof command?.onResult === 'function') {
    command.onResult = settledCallback(command.onResult as Callback, settle);
    hasCallback = true;
  }
  try {
    const result: unknown = original.apply(self, args);
    if (!hasCallback && isEmitter(result)) followEvents(result, call, connection);
    return result;
  } catch (error) {
    call?.fail(error);
    throw error;
  }
}

/** Follows a command that has events only: it ends with `end`, after `error` where it failed. */
function followEvents(
  command: Emitter,
  call: ClientCall | undefined,
  connection: Connection | undefined,
): void {
  const open: OpenCommand | undefined = call && { call, siblings: undefined };
  emitInCallerContext(command, (event, argument) => {
    if (open === undefined || (event !== 'error' && event !== 'end')) return;
    settleCall(open.call, event === 'error' ? argument : undefined);
    open.siblings?.delete(open);
  });
  if (open === undefined) return;
  openCommands.set(command, open);
  if (connection !== undefined) failWithConnection(connection, open);
}

/** A command without a callback says nothing when its connection is lost; the connection does. */
function failWithConnection(connection: Connection, open: OpenCommand | undefined): void {
  if (open === undefined || typeof connection.on !== 'function') return;
  let siblings = commandsOf.get(connection);
  if (siblings === undefined) {
    siblings = new Set();
    commandsOf.set(connection, siblings);
    connection.on(errorMonitor, (error) => {
      for (const { call } of commandsOf.get(connection) ?? []) call.fail(error);
      commandsOf.get(connection)?.clear();
    });
  }
  open.siblings = siblings.add(open);
}

/** Where the callback is: `(sql, callback)` or `(sql, values, callback)`. */
function callbackIndex(args: readonly unknown[]): number {
  return args.findIndex((arg) => typeof arg === 'function');
}

function isEmitter(value: unknown): value is Emitter {
  return typeof (value as Emitter | undefined)?.emit === 'function';
}

/** The text of `'SELECT …'` or of `{ sql: 'SELECT …', values }`. */
function textOf(sql: unknown): unknown {
  return typeof sql === 'object' && sql !== null ? (sql as { sql?: unknown }).sql : sql;
}

function serverOf(config: ServerConfig | undefined): SpanAttributes | undefined {
  if (config === undefined) return undefined;
  const { host, port, socketPath, database } = config;
  const address = socketPath ?? host;
  return {
    ...(address && { 'server.address': address }),
    ...(port && socketPath === undefined && { 'server.port': port }),
    ...(database && { 'db.namespace': database }),
  };
}
