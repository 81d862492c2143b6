import { active } from '../../context/active-trace.js';
import { originOfCall, type CallOrigin, type ClientCall } from '../../spans/client-call.js';
import { serverAttributes } from './server-attributes.js';
import {
  callerContext,
  emitInCallerContext,
  settleCall,
  type Callback,
  type Emitter,
} from './settled-callbacks.js';
import { openSqlCall } from './sql-call.js';

/** What a call carries from the public method to its command: one object for each call. */
export interface CallParameters {
  readonly sql?: unknown;
}

export interface Command extends Emitter {
  readonly cmdParam?: CallParameters;
  /** Commands that send no statement have none. */
  readonly sql?: unknown;
  /** The stream of rows that the application reads. */
  readonly inStream?: Emitter;
  resolve?: Callback | null;
  reject?: Callback | null;
  _stream?: Method;
}

export interface ServerOptions {
  readonly host?: string;
  readonly port?: number;
  readonly socketPath?: string;
  readonly database?: string;
}

type Method = (this: object, ...args: unknown[]) => unknown;
export type Methods<K extends string> = Record<K, Method>;

/** The calls that wait for a connection of a pool. */
export const waiting = new WeakMap<CallParameters, ClientCall>();
/** Those that are followed to their end already, whichever commands they consist of. */
export const followed = new WeakSet<CallParameters>();

/**
 * Follows a call whose functions `resolve` and `reject` are among the arguments.
 *
 * @returns whether they are: up to version 3.3, some methods return a promise instead.
 */
export function follow(args: unknown[], at: number, call: ClientCall | undefined): boolean {
  followed.add(args[0] as CallParameters);
  bind(args, at, (error) => settleCall(call, error));
  return typeof args[at] === 'function';
}

/** Lets `resolve` and `reject` run in the context of the code that is running now. */
export function bind(args: unknown[], at: number, settle?: (error: unknown) => void): void {
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
export function followCommand(command: Command, options: ServerOptions | undefined): void {
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

/** Begins the call of a statement. */
export function openCall(
  origin: CallOrigin | undefined,
  sql: unknown,
  options: ServerOptions | undefined,
): ClientCall | undefined {
  const { host, port, socketPath, database } = options ?? {};
  const server = serverAttributes(socketPath ?? host, socketPath ? undefined : port, database);
  return openSqlCall(origin, 'mariadb', sql, server);
}

export function optionsOf(connection: object): ServerOptions | undefined {
  return (connection as { opts?: ServerOptions }).opts;
}
