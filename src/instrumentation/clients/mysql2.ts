import { active } from '../../context/active-trace.js';
import { originOfCall } from '../../spans/client-call.js';
import { definePatch } from '../patch.js';
import { inCallersContext } from './caller-context.js';
import type { ClientInstrumentation } from './client-instrumentation.js';
import {
  covered,
  failWithConnection,
  follow,
  openCall,
  openCommands,
  originUnlessShimmed,
  type Connection,
  type ConnectionMethods,
  type Method,
} from './mysql2-command.js';
import { traceCluster, tracePool, type PoolMaker } from './mysql2-pool.js';
import { ownerOf, type Callback } from './settled-callbacks.js';

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
const STATEMENT = definePatch({
  package: 'mysql2',
  target: 'PreparedStatementInfo.prototype.execute',
  gives: 'a step for each run of a prepared statement',
  without: 'runs of prepared statements are not steps',
  why: 'its diagnostics channels do not have them',
});

interface Statement {
  readonly query?: unknown;
  readonly _connection?: Connection;
}

/** What `mysql2` exports. */
interface Mysql2 extends PoolMaker {
  readonly Connection: { readonly prototype: ConnectionMethods };
}

/** Methods with a callback that are no queries. */
const OTHERS = ['ping', 'changeUser', 'reset', 'connect', 'end'] as const;

export const mysql2: ClientInstrumentation = { traceCopy };

/** Traces a copy of `mysql2`; `mysql2/promise` calls the same classes. */
function traceCopy(driver: object): void {
  const mysql2 = driver as Mysql2;
  const connection = CONNECTION.read('class `Connection`', () => mysql2.Connection.prototype);
  if (connection === undefined) return;
  // Without it, nothing says whose a query on a connection of a pool is.
  const knowsPools = tracePool(mysql2, connection);
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
          const call = openCall(origin, args[0], connection.config);
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
    if (args[0]) openCall(origin, options, connection.config)?.fail(args[0]);
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
