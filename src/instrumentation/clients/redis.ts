import { AsyncResource } from 'node:async_hooks';
import { tracingChannel, type TracingChannelSubscribers } from 'node:diagnostics_channel';
import { active, currentTrace } from '../../context/active-trace.js';
import { activeSpan } from '../../context/sdk-spans.js';
import { hasSdk } from '../../options/sdk-detection.js';
import { sharedState } from '../../records/shared-state.js';
import {
  openClientCall,
  originOfCall,
  type CallOrigin,
  type ClientCall,
  type ClientCallStart,
} from '../../spans/client-call.js';
import { definePatch } from '../patch.js';
import type { ClientInstrumentation } from './client-instrumentation.js';
import { innerModule } from './inner-module.js';
import {
  batchCall,
  commandCall,
  failCall,
  firstError,
  type RedisConnection,
} from './redis-call.js';

/** What the channels of node-redis say of a command or of several. */
interface Message {
  readonly command?: string;
  readonly batchMode?: 'MULTI' | 'PIPELINE';
  readonly batchSize?: number;
  readonly database?: number;
  readonly serverAddress?: string;
  readonly serverPort?: number;
  readonly error?: unknown;
  readonly result?: unknown;
}

interface Pool {
  readonly idleClients: number;
  execute: (this: Pool, task: Task) => unknown;
}

/** What a pool calls with one of its clients. */
type Task = (client: unknown) => unknown;

/** A client of version 5, before there were channels. */
interface Client {
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
interface Queue {
  addCommand: (this: Queue, args: unknown, options?: QueueOptions) => unknown;
}

interface QueueOptions {
  /** What commands that belong together have in common. */
  readonly chainId?: unknown;
  /** Whether it goes before all that waits, as what a connection sends first does. */
  readonly asap?: boolean;
}

const CHANNELS = definePatch({
  package: 'redis',
  target: 'the channels `node-redis:command` and `node-redis:batch`',
  gives: 'a step for each command, and one for commands that are sent together',
  without: 'commands to Redis are no steps',
  why: 'it is the public hook, from version 5.12',
});
const POOL = definePatch({
  package: 'redis',
  target: 'RedisClientPool.prototype.execute',
  gives: 'the request of each command that waited for a client of a pool',
  without: 'commands that wait for a client are steps of the request that returns it',
  why: 'a client is given to what waits in the context of what returns it',
});
const OLDER = definePatch({
  package: 'redis',
  target: 'RedisClient.prototype and RedisCommandsQueue.prototype',
  gives: 'the same steps with versions before 5.12, which have no channels',
  without: 'commands to Redis are no steps',
  why: 'these versions have no hook for commands',
});

/** What a client of a cluster or by way of Sentinel asks on its own. */
const ADMINISTRATION: ReadonlySet<unknown> = new Set([
  'ASKING',
  'CLUSTER',
  'READONLY',
  'READWRITE',
  'SENTINEL',
]);

/** What `redis` is made of. */
const PACKAGE = '@redis/client';

/** What a module inside of it may export. */
interface Module {
  readonly default?: unknown;
  readonly RedisClientPool?: unknown;
}

const subscription = sharedState('redis-channels', () => ({ isActive: false }));
const calls = new WeakMap<object, ClientCall>();
/** The clients of the copies that the application has: OpenTelemetry's instrumentation replaces methods of them. */
const clients = new Set<Client>();

/** Makes each command that is sent through node-redis a step of the code that called it. */
export const redis: ClientInstrumentation = { prepare: subscribe, traceCopy };

function traceCopy(exported: object, name: string): void {
  if (name !== PACKAGE) return;
  const inner = (path: string): Module =>
    innerModule(PACKAGE, exported, `./lib/client/${path}.js`) ?? {};
  const pool = (inner('pool').RedisClientPool as { prototype?: Pool } | undefined)?.prototype;
  // Version 4 has pools of another kind, with promises.
  if (pool !== undefined) {
    POOL.method(pool, 'execute', (execute) => executeInContext(execute as Pool['execute']));
  }
  const { prototype: client } = Object(inner('index').default) as { prototype?: Client };
  if (client !== undefined) clients.add(client);
  if (Object.keys(inner('tracing')).length > 0) return;
  const { prototype: queue } = Object(inner('commands-queue').default) as { prototype?: Queue };
  traceOlder(client, queue);
}

function subscribe(): void {
  if (subscription.isActive) return;
  subscription.isActive = true;
  const command = tracingChannel<unknown, object>('node-redis:command');
  const batch = tracingChannel<unknown, object>('node-redis:batch');
  const ofCommand = subscribers(startOfCommand);
  const ofBatch = subscribers(startOfBatch);
  command.subscribe(ofCommand);
  batch.subscribe(ofBatch);
  CHANNELS.noteApplied(() => {
    command.unsubscribe(ofCommand);
    batch.unsubscribe(ofBatch);
    subscription.isActive = false;
  });
}

function subscribers(
  startOf: (message: Message, origin: CallOrigin) => ClientCallStart | undefined,
): TracingChannelSubscribers<object> {
  const nothing = (): void => undefined;
  return {
    start(message) {
      if (currentTrace() === undefined) return;
      const origin = originOfCall('caches');
      const start = origin && startOf(message as Message, origin);
      if (start !== undefined) calls.set(message, openClientCall(origin!, 'caches', start));
    },
    end: nothing,
    asyncStart(message) {
      const call = calls.get(message);
      if (call === undefined) return;
      const { error, result, batchMode } = message as Message;
      const failure = error ?? (batchMode === undefined ? undefined : firstError(result));
      if (failure === undefined) call.end();
      else failCall(call, failure);
    },
    asyncEnd: nothing,
    error(message) {
      const call = calls.get(message);
      if (call !== undefined) failCall(call, (message as Message).error);
    },
  };
}

function startOfCommand(message: Message, { trace }: CallOrigin): ClientCallStart | undefined {
  const { command, batchMode } = message;
  // Those of a pipeline are one step together.
  if (batchMode !== undefined || ADMINISTRATION.has(command) || isRecordedByOther()) {
    return undefined;
  }
  // A client that keeps its connection alive goes on in the context of the request that opened it.
  if (command === 'PING' && trace.finished) return undefined;
  return commandCall(command, connectionOf(message));
}

function startOfBatch(message: Message): ClientCallStart | undefined {
  const { batchMode = 'PIPELINE', batchSize = 0 } = message;
  return isRecordedByOther() ? undefined : batchCall(batchMode, batchSize, connectionOf(message));
}

function connectionOf({ database, serverAddress, serverPort }: Message): RedisConnection {
  return { database, address: serverAddress, port: serverPort };
}

/** Whether OpenTelemetry's instrumentation makes spans of commands: in a batch, one for each. */
function isRecordedByOther(): boolean {
  if (!hasSdk() || activeSpan() === undefined) return false;
  for (const { sendCommand } of clients) {
    const { __wrapped: isWrapped } = Object(sendCommand) as { __wrapped?: boolean };
    if (isWrapped === true) return true;
  }
  return false;
}

function executeInContext(execute: Pool['execute']): Pool['execute'] {
  return function (task) {
    return execute.call(this, this.idleClients > 0 ? task : inContext(task));
  };
}

function inContext(task: Task): Task {
  if (currentTrace() !== undefined) return AsyncResource.bind(task);
  // It may be given a client in the context of a request, to which it does not belong.
  return (client) => active.run(undefined, task, client);
}

function traceOlder(client: Client | undefined, queue: Queue | undefined): void {
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

const startOfSending: StartOf = (client, args) => startOfArguments(args, optionsOf(client));

function startOfArguments(args: unknown, connection: RedisConnection): ClientCallStart | undefined {
  const command: unknown = Array.isArray(args) ? args[0] : undefined;
  return ADMINISTRATION.has(command) ? undefined : commandCall(command, connection);
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
