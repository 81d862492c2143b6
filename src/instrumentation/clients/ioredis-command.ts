import { currentTrace } from '../../context/active-trace.js';
import { activeSpan } from '../../context/sdk-spans.js';
import { openClientCall, originOfCall, type ClientCall } from '../../spans/client-call.js';
import { commandCall, failCall, type RedisConnection } from './redis-call.js';
import { isWrappedBySdk } from './sdk-wrapper.js';

/** Whose call a command or a pipeline is: that of a request, or of something that is not recorded. */
export const SEEN = Symbol('nestjs-tracing: seen');
/** Whether a connection has become ready in this turn, and restores what it was before. */
export const RESTORING = Symbol('nestjs-tracing: restoring');

export interface Command {
  readonly name: string;
  resolve: (value: unknown) => unknown;
  reject: (error: unknown) => unknown;
  [SEEN]?: ClientCall | true;
}

/** A connection, or a cluster of them. */
export interface Client {
  readonly status?: string;
  readonly isCluster?: boolean;
  readonly options?: { host?: unknown; port?: unknown; path?: unknown; db?: unknown };
  /** What the connection is set to, once there is one. */
  readonly condition?: { select?: unknown } | null;
  sendCommand: (this: Client, command: Command, stream?: unknown, node?: unknown) => unknown;
  setStatus: (this: Client, status: string, argument?: unknown) => unknown;
  delayUntilReady: (this: Client, callback: (error?: Error) => void) => unknown;
  [RESTORING]?: boolean;
}

/** What a connection to a cluster or by way of Sentinel asks on its own. */
const ADMINISTRATION: ReadonlySet<string> = new Set([
  'asking',
  'cluster',
  'readonly',
  'readwrite',
  'sentinel',
]);
/** What a connection sends before it is ready. */
const HANDSHAKE: ReadonlySet<string> = new Set(['auth', 'client', 'hello', 'info', 'select']);

/** Decides once whose a command is. It may be sent again later, in whatever context that is. */
export function noteCommand(
  client: Client,
  command: Command | undefined,
  connections: Client | undefined,
): void {
  if (typeof command !== 'object' || command === null) return;
  command[SEEN] = true;
  if (currentTrace() === undefined || isOwn(client, command)) return;
  const origin = originOfCall('caches');
  if (origin === undefined || isRecordedByOther(connections)) return;
  const call = openClientCall(origin, 'caches', commandCall(command.name, connectionOf(client)));
  command[SEEN] = call;
  followCommand(command, call);
}

/** Not by its promise: to wait for that would make an error that the application forgets a handled one. */
export function followCommand(command: Command, call: ClientCall): void {
  const { resolve, reject } = command;
  command.resolve = function (this: unknown, value) {
    const returned = resolve.call(this, value);
    // It rejects instead where the answer cannot be converted.
    call.end();
    return returned;
  };
  command.reject = function (this: unknown, error) {
    failCall(call, error);
    return reject.call(this, error);
  };
}

/** Whether the connection sends it for itself. */
function isOwn(client: Client, { name }: Command): boolean {
  // A cluster asks for its state before it is ready.
  if (client.isCluster === true) return client.status === 'connect' && ADMINISTRATION.has(name);
  if (client[RESTORING] === true || ADMINISTRATION.has(name)) return true;
  return client.status === 'connect' && HANDSHAKE.has(name);
}

/**
 * Whether OpenTelemetry's instrumentation makes a span of it. It does so below a span only.
 *
 * @param connections the prototype of connections. Those of a cluster are what is instrumented.
 */
export function isRecordedByOther(connections: Client | undefined): boolean {
  return isWrappedBySdk(connections?.sendCommand) && activeSpan() !== undefined;
}

export function connectionOf({ isCluster, options, condition }: Client): RedisConnection {
  // A cluster has many, and only database 0.
  if (isCluster === true) return { database: 0 };
  const { path, host = 'localhost', port = 6379, db } = options ?? {};
  const database = condition?.select ?? db ?? 0;
  return typeof path === 'string' ? { database, address: path } : { database, address: host, port };
}
