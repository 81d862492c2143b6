import { active } from '../../context/active-trace.js';
import { originOfCall } from '../../spans/client-call.js';
import { definePatch } from '../patch.js';
import type { ClientInstrumentation } from './client-instrumentation.js';
import { emittersMadeBy } from './made-by.js';
import {
  bind,
  follow,
  followCommand,
  followed,
  openCall,
  optionsOf,
  waiting,
  type CallParameters,
  type Command,
  type Methods,
} from './mariadb-command.js';
import { POOL, tracePool, type PoolMethods } from './mariadb-pool.js';

const CONNECTION = definePatch({
  package: 'mariadb',
  target: 'Connection.prototype',
  gives: 'a step for each query, and callbacks in the context of their caller',
  without: 'queries are not steps',
  why: 'the connector has no hook and no diagnostics channel',
});
/** All of the form `(cmdParam, resolve, reject)`. */
const STATEMENTS = ['query', 'prepareExecute', 'batch', 'importFile'] as const;
const OTHERS = ['ping', 'changeUser', 'end', 'reset'] as const;
/** One of them is the method `addCommand` of a connection, as its state is. */
const ADDERS = [
  'addCommandQueue',
  'addCommandEnable',
  'addCommandEnablePipeline',
  'addCommandDisabled',
] as const;

type ConnectionMethods = Methods<
  | (typeof STATEMENTS)[number]
  | (typeof OTHERS)[number]
  | (typeof ADDERS)[number]
  | 'connect'
  | 'prepare'
  | 'executePromise'
>;

/** What `mariadb` and `mariadb/callback` export. */
interface Mariadb {
  createConnection(options: object): unknown;
  createPool(options: object): { end(): unknown };
}

export const mariadb: ClientInstrumentation = { traceCopy };

/** Traces a copy of `mariadb` or of `mariadb/callback`. */
function traceCopy(driver: object): void {
  const mariadb = driver as Mariadb;
  const connection = CONNECTION.read('class `Connection`', () =>
    prototypeWith<ConnectionMethods>('executePromise', () => {
      // It fails before it has a socket.
      const connecting = mariadb.createConnection({ stream: refuse });
      if (connecting instanceof Promise) connecting.catch(() => {});
    }),
  );
  if (connection === undefined) return;
  const pool = POOL.read('class `Pool`', () =>
    prototypeWith<PoolMethods>('release', () => {
      const ending = mariadb.createPool({ minimumIdle: 0, connectionLimit: 1 }).end();
      if (ending instanceof Promise) ending.catch(() => {});
    }),
  );
  // Without it, nothing says whose a query on a connection of a pool is.
  if (pool === undefined) return;
  // In older versions, a prepared query of a pool cannot be recognized on its connection.
  if (!tracePool(pool, typeof connection.prepareExecute === 'function')) return;
  traceConnection(connection);
}

function refuse(callback: (error: Error) => void): void {
  callback(new Error('nestjs-tracing only looks at the class of connections'));
}

/** The prototype with a method, among those of the objects that are made. */
function prototypeWith<T extends object>(method: string, make: () => void): T | undefined {
  const found = emittersMadeBy(make).find((made) => method in made);
  return found && (Object.getPrototypeOf(found) as T);
}

function traceConnection(connection: ConnectionMethods): void {
  for (const name of STATEMENTS) {
    // Older versions have no such methods: they prepare and run with the methods below.
    const isOptional = name === 'prepareExecute' || name === 'importFile';
    if (isOptional && connection[name] === undefined) continue;
    CONNECTION.method(
      connection,
      name,
      (original) =>
        function (...args: unknown[]) {
          const parameters = args[0] as CallParameters;
          const waited = waiting.get(parameters);
          if (waited === undefined && active.getStore() === undefined) {
            return original.apply(this, args);
          }
          const call =
            waited ?? openCall(originOfCall('databases'), parameters.sql, optionsOf(this));
          const isFollowed = follow(args, 1, call);
          // What these two consist of is no step of its own.
          const isCompound = name === 'batch' || name === 'importFile';
          const run = (): unknown => original.apply(this, args);
          const result = isCompound ? active.run(undefined, run) : run();
          if (!isFollowed && result instanceof Promise) {
            result.then(
              () => call?.end(),
              (error: unknown) => call?.fail(error),
            );
          }
          return result;
        },
    );
  }
  // A run of a prepared statement, also one that `prepareExecute` makes.
  CONNECTION.method(
    connection,
    'executePromise',
    (original) =>
      function (...args: unknown[]) {
        const parameters = args[0] as CallParameters;
        if (active.getStore() !== undefined && !followed.has(parameters)) {
          follow(args, 2, openCall(originOfCall('databases'), parameters.sql, optionsOf(this)));
        }
        return original.apply(this, args);
      },
  );
  CONNECTION.method(
    connection,
    'prepare',
    (original) =>
      function (...args: unknown[]) {
        const parameters = args[0] as CallParameters;
        const origin = originOfCall('databases');
        // Preparing is no step of its own, unless it is what failed.
        bind(args, 1, (error) => {
          if (error) openCall(origin, parameters.sql, optionsOf(this))?.fail(error);
        });
        followed.add(parameters);
        return original.apply(this, args);
      },
  );
  for (const name of OTHERS) {
    CONNECTION.method(
      connection,
      name,
      (original) =>
        function (...args: unknown[]) {
          if (active.getStore() === undefined) return original.apply(this, args);
          bind(args, 1);
          return active.run(undefined, () => original.apply(this, args));
        },
    );
  }
  // The statements that set up a connection are no steps of the request that happened to open it.
  CONNECTION.method(
    connection,
    'connect',
    (original) =>
      function (...args: unknown[]) {
        if (active.getStore() === undefined) return original.apply(this, args);
        return active.run(undefined, () => original.apply(this, args));
      },
  );
  for (const name of ADDERS) {
    CONNECTION.method(
      connection,
      name,
      (original) =>
        function (...args: unknown[]) {
          followCommand(args[0] as Command, optionsOf(this));
          return original.apply(this, args);
        },
    );
  }
}
