import { currentTrace } from '../../context/active-trace.js';
import {
  openClientCall,
  originOfCall,
  type ClientCall,
  type ClientCallStart,
} from '../../spans/client-call.js';
import { definePatch } from '../patch.js';
import {
  batchCall,
  commandCall,
  failCall,
  firstError,
  type RedisConnection,
} from './redis-call.js';
import { isAdministration, isRecordedByOther } from './redis-recorded.js';

/** A client of version 5, before there were channels. */
export interface Client {
  readonly options?: {
    readonly database?: unknown;
    readonly socket?: { readonly host?: unknown; readonly port?: unknown; readonly path?: unknown };
  };
  sendCommand: Send;
  _executeMulti: Send;
  _executePipeline: Send;
  /** Of version 4. */
  multiExecutor: Send;
}

/** What sends a command: `['GET', 'key']`. Or several, each with its `args`. */
type Send = (this: Client, given: unknown, ...rest: unknown[]) => unknown;

/** The commands of a client of version 4 that wait to be written. */
export interface Queue {
  addCommand: (this: Queue, args: unknown, options?: QueueOptions) => unknown;
}

interface QueueOptions {
  /** What commands that belong together have in common. */
  readonly chainId?: unknown;
  /** Whether it goes before all that waits, as what a connection sends first does. */
  readonly asap?: boolean;
}

const OLDER = definePatch({
  package: 'redis',
  target: 'RedisClient.prototype and RedisCommandsQueue.prototype',
  gives: 'the same steps with versions before 5.12, which have no channels',
  without: 'commands to Redis are no steps',
  why: 'these versions have no hook for commands',
});

/** Records what a client of these versions sends, by its methods. */
export function traceOlder(client: Client | undefined, queue: Queue | undefined): void {
  // Version 5 sends all through this method, version 4 only what the application gives to it.
  const { _executeMulti: executeMulti } = Object(client) as Partial<Client>;
  if (typeof executeMulti === 'function') {
    OLDER.method(client, 'sendCommand', (send) => tracedSend(send as Send, startOfSending));
    for (const mode of ['_executeMulti', '_executePipeline'] as const) {
      OLDER.method(client, mode, (send) => tracedSend(send as Send, startOfSeveral(mode), true));
    }
    return;
  }
  const startOf = startOfSeveral('multiExecutor');
  OLDER.method(client, 'multiExecutor', (send) => tracedSend(send as Send, startOf, true));
  OLDER.method(queue, 'addCommand', (add) => tracedAdd(add as Queue['addCommand']));
}

type StartOf = (client: Client, given: unknown, rest: unknown[]) => ClientCallStart | undefined;

const startOfSending: StartOf = (client, args) =>
  isRecordedByOther() ? undefined : startOfArguments(args, optionsOf(client));

function startOfArguments(args: unknown, connection: RedisConnection): ClientCallStart | undefined {
  const command: unknown = Array.isArray(args) ? args[0] : undefined;
  return isAdministration(command) || isRecordedByOther()
    ? undefined
    : commandCall(command, connection);
}

/** In version 4, transactions have an id of their own, and pipelines none. */
function startOfSeveral(method: keyof Client): StartOf {
  return (client, commands, rest) => {
    if (isRecordedByOther()) return undefined;
    const isTransaction =
      method === '_executeMulti' || (method === 'multiExecutor' && rest[1] !== undefined);
    const size = Array.isArray(commands) ? commands.length : 0;
    return batchCall(isTransaction ? 'MULTI' : 'PIPELINE', size, optionsOf(client));
  };
}

function optionsOf({ options }: Client): RedisConnection {
  const { database = 0, socket } = options ?? {};
  const { path, host = 'localhost', port = 6379 } = socket ?? {};
  return typeof path === 'string' ? { database, address: path } : { database, address: host, port };
}

function tracedSend(send: Send, startOf: StartOf, isBatch = false): Send {
  return function (given, ...rest) {
    const origin = currentTrace() === undefined ? undefined : originOfCall('caches');
    const start = origin && startOf(this, given, rest);
    if (start === undefined) return send.call(this, given, ...rest);
    const call = openClientCall(origin!, 'caches', start);
    return followed(call, isBatch, () => send.call(this, given, ...rest));
  };
}

function tracedAdd(add: Queue['addCommand']): Queue['addCommand'] {
  return function (args, options) {
    // Those of a batch have the key, if without a value.
    const isOwn = options !== undefined && (options.asap === true || 'chainId' in options);
    const origin = isOwn || currentTrace() === undefined ? undefined : originOfCall('caches');
    const start = origin && startOfArguments(args, {});
    if (start === undefined) return add.call(this, args, options);
    const call = openClientCall(origin!, 'caches', start);
    return followed(call, false, () => add.call(this, args, options));
  };
}

/** A promise of its own, as with the channels: an error that the application forgets stays one. */
function followed(call: ClientCall, isBatch: boolean, send: () => unknown): unknown {
  let sent: unknown;
  try {
    sent = send();
  } catch (error) {
    failCall(call, error);
    throw error;
  }
  return Promise.resolve(sent).then(
    (answer) => {
      const error = isBatch ? firstError(answer) : undefined;
      if (error === undefined) call.end();
      else failCall(call, error);
      return answer;
    },
    (error: unknown) => {
      failCall(call, error);
      throw error;
    },
  );
}
