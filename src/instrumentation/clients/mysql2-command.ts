import { errorMonitor } from 'node:events';
import { ArrivalList, type Arrival } from '../../records/arrival-list.js';
import { originOfCall, type CallOrigin, type ClientCall } from '../../spans/client-call.js';
import { isWrappedBySdk } from './sdk-wrapper.js';
import { serverAttributes } from './server-attributes.js';
import {
  emitInCallerContext,
  settledCallback,
  settleCall,
  type Callback,
  type Emitter,
} from './settled-callbacks.js';
import { openSqlCall } from './sql-call.js';

export type Method = (this: object, ...args: unknown[]) => unknown;

export interface ServerConfig {
  readonly host?: string;
  readonly port?: number;
  readonly socketPath?: string;
  readonly database?: string;
}

export interface Connection extends Emitter {
  readonly config?: ServerConfig;
  on(event: string | symbol, listener: (error: unknown) => void): unknown;
}

export type ConnectionMethods = Record<'query' | 'execute' | 'prepare', Method>;

/**
 * Whether the next connection that is asked for, and the next query on it, are for a query of a pool
 * that is a step already. Both are asked for synchronously.
 */
export const covered = { connection: false, query: false };

/** A command that has events only, and no callback. */
class OpenCommand implements Arrival<OpenCommand> {
  /** Those that run on its connection, of which it is one; `undefined` until that is known. */
  siblings: ArrivalList<OpenCommand> | undefined = undefined;
  older: OpenCommand | undefined = undefined;
  newer: OpenCommand | undefined = undefined;

  constructor(readonly call: ClientCall) {}

  join(siblings: ArrivalList<OpenCommand>): void {
    this.siblings = siblings;
    siblings.add(this);
  }

  leave(): void {
    this.siblings?.remove(this);
    this.siblings = undefined;
  }
}

export const openCommands = new WeakMap<object, OpenCommand>();
/** Those that run, by connection. */
const commandsOf = new WeakMap<object, ArrivalList<OpenCommand>>();

export function uncover(): void {
  covered.connection = false;
  covered.query = false;
}

/** Who makes a call, unless the instrumentation of an OpenTelemetry SDK records it. */
export function originUnlessShimmed(
  owner: Partial<ConnectionMethods> | undefined,
): CallOrigin | undefined {
  const origin = originOfCall('databases');
  if (origin !== undefined && isWrappedBySdk(owner?.query)) return undefined;
  return origin;
}

/** Begins the call of a statement: `'SELECT …'`, or `{ sql: 'SELECT …', values }`. */
export function openCall(
  origin: CallOrigin | undefined,
  sql: unknown,
  config: ServerConfig | undefined,
): ClientCall | undefined {
  const { host, port, socketPath, database } = config ?? {};
  const server = serverAttributes(socketPath ?? host, socketPath ? undefined : port, database);
  const text = typeof sql === 'object' && sql !== null ? (sql as { sql?: unknown }).sql : sql;
  return openSqlCall(origin, 'mysql', text, server);
}

/** Makes a call of the driver, and follows it to its end. */
export function follow(
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
  const open = call && new OpenCommand(call);
  emitInCallerContext(command, (event, argument) => {
    if (open === undefined || (event !== 'error' && event !== 'end')) return;
    settleCall(open.call, event === 'error' ? argument : undefined);
    open.leave();
  });
  if (open === undefined) return;
  openCommands.set(command, open);
  if (connection !== undefined) failWithConnection(connection, open);
}

/** A command without a callback says nothing when its connection is lost; the connection does. */
export function failWithConnection(connection: Connection, open: OpenCommand | undefined): void {
  if (open === undefined || open.siblings !== undefined) return;
  if (typeof connection.on !== 'function') return;
  let siblings = commandsOf.get(connection);
  if (siblings === undefined) {
    const commands = (siblings = new ArrivalList<OpenCommand>());
    commandsOf.set(connection, commands);
    connection.on(errorMonitor, (error) => {
      for (let command = commands.oldest; command !== undefined; command = commands.oldest) {
        command.leave();
        command.call.fail(error);
      }
    });
  }
  open.join(siblings);
}

/** Where the callback is: `(sql, callback)` or `(sql, values, callback)`. */
export function callbackIndex(args: readonly unknown[]): number {
  return args.findIndex((arg) => typeof arg === 'function');
}

function isEmitter(value: unknown): value is Emitter {
  return typeof (value as Emitter | undefined)?.emit === 'function';
}
