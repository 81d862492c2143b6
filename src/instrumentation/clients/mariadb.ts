import { active } from '../../context/active-trace.js';
import type { SpanAttributes } from '../../records/span-record.js';
import {
  openClientCall,
  originOfCall,
  type CallOrigin,
  type ClientCall,
} from '../../spans/client-call.js';
import { definePatch } from '../patch.js';
import {
  callerContext,
  emitInCallerContext,
  settledCallback,
  settleCall,
  type Callback,
  type Emitter,
} from './settled-callbacks.js';
import { emittersMadeBy } from './made-by.js';
import { inCallersContext } from './caller-context.js';
import type { ClientInstrumentation } from './client-instrumentation.js';
import { sqlCall } from './sql-call.js';

const CONNECTION = definePatch({
  package: 'mariadb',
  target: 'Connection.prototype',
  gives: 'a step for each query, and callbacks in the context of their caller',
  without: 'queries are not steps',
  why: 'the connector has no hook and no diagnostics channel',
});
const POOL = definePatch({
  package: 'mariadb',
  target: 'Pool.prototype',
  gives: 'the request to which a query of a pool belongs, and the time that it waits',
  without: 'queries through pools are not steps',
  why: 'a pool calls back in the context of the request that releases the connection',
});

/** What a call carries from the public method to its command: one object for each call. */
interface CallParameters {
  readonly sql?: unknown;
}

interface Command extends Emitter {
  readonly cmdParam?: CallParameters;
  /** Commands that send no statement have none. */
  readonly sql?: unknown;
  /** The stream of rows that the application reads. */
  readonly inStream?: Emitter;
  resolve?: Callback | null;
  reject?: Callback | null;
  _stream?: Method;
}

interface ServerOptions {
  readonly host?: string;
  readonly port?: number;
  readonly socketPath?: string;
  readonly database?: string;
}

type Method = (this: object, ...args: unknown[]) => unknown;
type Methods<K extends string> = Record<K, Method>;

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
type PoolMethods = Methods<'getConnection'> & Partial<Methods<'_handleRelease'>>;

/** What `mariadb` and `mariadb/callback` export. */
interface Mariadb {
  createConnection(options: object): unknown;
  createPool(options: object): { end(): unknown };
}

/** The calls that wait for a connection of a pool. */
const waiting = new WeakMap<CallParameters, ClientCall>();
/** Those that are followed to their end already, whichever commands they consist of. */
const followed = new WeakSet<CallParameters>();

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

function tracePool(pool: PoolMethods, hasPoolCalls: boolean): boolean {
  // With which the pool undoes a transaction that was left open: that is no step either.
  if ('_handleRelease' in pool) {
    POOL.method(
      pool as Methods<'_handleRelease'>,
      '_handleRelease',
      (original) =>
        function (...args: unknown[]) {
          if (active.getStore() === undefined) return original.apply(this, args);
          const bound = args.map(inCallersContext);
          return active.run(undefined, () => original.apply(this, bound));
        },
    );
  }
  return POOL.method(
    pool,
    'getConnection',
    (original) =>
      function (...args: unknown[]) {
        const [parameters] = args as [CallParameters | undefined];
        const { connOptions } = (this as { opts?: { connOptions?: ServerOptions } }).opts ?? {};
        let call: ClientCall | undefined;
        if (hasPoolCalls && typeof parameters === 'object' && parameters?.sql !== undefined) {
          call = openCall(originOfCall('databases'), parameters.sql, connOptions);
          if (call !== undefined) waiting.set(parameters, call);
        }
        const settle = (error: unknown): void => {
          if (error) call?.fail(error);
        };
        const at = args.findIndex((arg) => typeof arg === 'function');
        // Outside a trace too: a caller that waits is called back in the context of a request.
        if (at >= 0) args[at] = settledCallback(args[at] as Callback, settle);
        const result: unknown = original.apply(this, args);
        // Up to version 3.3 it returns a promise.
        if (call !== undefined && result instanceof Promise) result.catch(settle);
        return result;
      },
  );
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

/**
 * Follows a call whose functions `resolve` and `reject` are among the arguments.
 *
 * @returns whether they are: up to version 3.3, some methods return a promise instead.
 */
function follow(args: unknown[], at: number, call: ClientCall | undefined): boolean {
  followed.add(args[0] as CallParameters);
  bind(args, at, (error) => settleCall(call, error));
  return typeof args[at] === 'function';
}

/** Lets `resolve` and `reject` run in the context of the code that is running now. */
function bind(args: unknown[], at: number, settle?: (error: unknown) => void): void {
  const context = callerContext();
  const [resolve, reject] = args.slice(at, at + 2);
  if (typeof resolve === 'function') {
    args[at] = (...results: unknown[]): unknown => {
      settle?.(undefined);
      return context.runInAsyncScope(resolve as Callback, undefined, ...results);
    };
  }
  if (typeof reject === 'function') {
    args[at + 1] = (...results: unknown[]): unknown => {
      settle?.(results[0] ?? new Error('rejected'));
      return context.runInAsyncScope(reject as Callback, undefined, ...results);
    };
  }
}

/** Follows a statement that comes without such functions: of a stream, of the API with callbacks. */
function followCommand(command: Command, options: ServerOptions | undefined): void {
  const { cmdParam: parameters, sql } = command;
  if (parameters === undefined || typeof sql !== 'string' || followed.has(parameters)) return;
  const waited = waiting.get(parameters);
  if (waited === undefined && active.getStore() === undefined) return;
  const call = waited ?? openCall(originOfCall('databases'), sql, options);
  const ends: unknown[] = [parameters, command.resolve, command.reject];
  follow(ends, 1, call);
  command.resolve = ends[1] as Callback;
  command.reject = ends[2] as Callback;
  if (command.inStream !== undefined) {
    emitInCallerContext(command.inStream);
    return;
  }
  // The API with callbacks: without one, the command itself has the events, or makes a stream.
  emitInCallerContext(command);
  const { _stream: stream } = command;
  if (stream !== undefined) Object.assign(command, { _stream: streamOf(stream) });
}

function streamOf(original: Method): Method {
  return function (...args) {
    const rows = original.apply(this, args);
    emitInCallerContext(rows as Emitter);
    return rows;
  };
}

function openCall(
  origin: CallOrigin | undefined,
  sql: unknown,
  options: ServerOptions | undefined,
): ClientCall | undefined {
  if (origin === undefined) return undefined;
  return openClientCall(origin, 'databases', sqlCall(origin, 'mariadb', sql, serverOf(options)));
}

function optionsOf(connection: object): ServerOptions | undefined {
  return (connection as { opts?: ServerOptions }).opts;
}

function serverOf(options: ServerOptions | undefined): SpanAttributes | undefined {
  if (options === undefined) return undefined;
  const { host, port, socketPath, database } = options;
  const address = socketPath ?? host;
  return {
    ...(address && { 'server.address': address }),
    ...(port && !socketPath && { 'server.port': port }),
    ...(database && { 'db.namespace': database }),
  };
}
