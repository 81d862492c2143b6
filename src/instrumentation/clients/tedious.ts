import { active } from '../../context/active-trace.js';
import { originOfCall, type CallOrigin, type ClientCall } from '../../spans/client-call.js';
import { definePatch } from '../patch.js';
import { inCallersContext } from './caller-context.js';
import type { ClientInstrumentation } from './client-instrumentation.js';
import { isWrappedBySdk } from './sdk-wrapper.js';
import { serverAttributes } from './server-attributes.js';
import {
  emitInCallerContext,
  settleCall,
  settledCallback,
  type Callback,
  type Emitter,
} from './settled-callbacks.js';
import { openSqlCall } from './sql-call.js';

const CONNECTION = definePatch({
  package: 'tedious',
  target: 'Connection.prototype',
  gives: 'a step for each request, and its callback and events in the context of its caller',
  without: 'requests to SQL Server are not steps',
  why: 'tedious has no hook and no diagnostics channel',
});

/** A request, or a bulk load. */
interface TediousRequest extends Emitter {
  /** Called by the connection, and calls what the application has given. */
  callback: Callback;
  readonly sqlTextOrProcedure?: unknown;
  readonly table?: unknown;
}

interface Connection {
  readonly config?: {
    readonly server?: string;
    readonly options?: { readonly port?: number; readonly database?: string };
  };
}

type Method = (this: object, ...args: unknown[]) => unknown;

/** The statement of each method that takes a request. */
const STATEMENT_OF = {
  execSql: ({ sqlTextOrProcedure: sql }: TediousRequest) => sql,
  execSqlBatch: ({ sqlTextOrProcedure: sql }: TediousRequest) => sql,
  execute: ({ sqlTextOrProcedure: sql }: TediousRequest) => sql,
  callProcedure: ({ sqlTextOrProcedure: name }: TediousRequest) => `EXECUTE ${String(name)}`,
  execBulkLoad: ({ table }: TediousRequest) => `INSERT INTO ${String(table)}`,
} as const;
/** The statement of each method that takes a callback. */
const TRANSACTIONS = {
  beginTransaction: 'BEGIN TRANSACTION',
  commitTransaction: 'COMMIT TRANSACTION',
  rollbackTransaction: 'ROLLBACK TRANSACTION',
  saveTransaction: 'SAVE TRANSACTION',
} as const;

type Methods = Record<
  | keyof typeof STATEMENT_OF
  | keyof typeof TRANSACTIONS
  | 'prepare'
  | 'unprepare'
  | 'reset'
  | 'connect',
  Method
>;

/** Whether a method is running that is a step itself: what it calls is a part of it. */
let isCovered = false;

export const tedious: ClientInstrumentation = { traceCopy };

function traceCopy(driver: object): void {
  const { Connection: connectionClass } = driver as { Connection?: { prototype: Methods } };
  const connection = CONNECTION.read('class `Connection`', () => connectionClass?.prototype);
  if (connection === undefined) return;
  for (const [name, statementOf] of entriesOf(STATEMENT_OF)) {
    wrap(connection, name, (self, args) => {
      const [request] = args as [TediousRequest];
      if (!isRequest(request)) return undefined;
      const call = openCall(originIn(connection, name), statementOf(request), self);
      followRequest(request, call);
      return call;
    });
  }
  for (const [name, statement] of entriesOf(TRANSACTIONS)) {
    wrap(connection, name, (self, args) => {
      const [callback] = args;
      if (typeof callback !== 'function') return undefined;
      const call = openCall(originIn(connection, name), statement, self);
      args[0] = settledCallback(callback as Callback, (error) => {
        isCovered = false;
        settleCall(call, error);
      });
      return call;
    });
  }
  // Preparing is no step of its own, unless it is what failed.
  wrap(connection, 'prepare', (self, [request]) => {
    const origin = originOfCall('databases');
    if (isRequest(request)) {
      followRequest(request, undefined, (error) => {
        if (error) openCall(origin, request.sqlTextOrProcedure, self)?.fail(error);
      });
    }
    return undefined;
  });
  wrap(connection, 'unprepare', (_, [request]) => {
    if (isRequest(request)) followRequest(request, undefined);
    return undefined;
  });
  for (const name of ['reset', 'connect'] as const) {
    wrap(connection, name, (_, args) => {
      args[0] = inCallersContext(args[0]);
      return undefined;
    });
  }
}

/**
 * Wraps a method.
 *
 * @param begin is called where a trace is active, and may change the arguments.
 */
function wrap(
  connection: Methods,
  name: keyof Methods,
  begin: (self: Connection, args: unknown[]) => ClientCall | undefined,
): void {
  CONNECTION.method(
    connection,
    name,
    (original) =>
      function (...args: unknown[]) {
        if (isCovered || active.getStore() === undefined) return original.apply(this, args);
        const call = begin(this as Connection, args);
        isCovered = true;
        try {
          return original.apply(this, args);
        } catch (error) {
          call?.fail(error);
          throw error;
        } finally {
          isCovered = false;
        }
      },
  );
}

/** Follows a request to its callback. It may be sent again, as one that is prepared is. */
function followRequest(
  request: TediousRequest,
  call: ClientCall | undefined,
  see?: (error: unknown) => void,
): void {
  const { callback } = request;
  const stopEmitting = emitInCallerContext(request);
  const followed = settledCallback(
    function (...args) {
      try {
        return callback.apply(this, args);
      } finally {
        stopEmitting();
      }
    },
    (error) => {
      // The application may begin its next call in the callback, with the same request.
      isCovered = false;
      if (request.callback === followed) request.callback = callback;
      see?.(error);
      settleCall(call, error);
    },
  );
  request.callback = followed;
}

function originIn(connection: Methods, name: keyof Methods): CallOrigin | undefined {
  return isWrappedBySdk(connection[name]) ? undefined : originOfCall('databases');
}

function openCall(
  origin: CallOrigin | undefined,
  sql: unknown,
  { config }: Connection,
): ClientCall | undefined {
  const { port, database } = config?.options ?? {};
  const server = serverAttributes(config?.server, port, database);
  return openSqlCall(origin, 'microsoft.sql_server', sql, server);
}

function isRequest(value: unknown): value is TediousRequest {
  const { callback, emit } = Object(value) as Partial<TediousRequest>;
  return typeof callback === 'function' && typeof emit === 'function';
}

function entriesOf<T extends object>(record: T): [keyof T, T[keyof T]][] {
  return Object.entries(record) as [keyof T, T[keyof T]][];
}
