import { AsyncResource } from 'node:async_hooks';
import { currentTrace } from '../../context/active-trace.js';
import { activeSpan } from '../../context/sdk-spans.js';
import { hasSdk } from '../../options/sdk-detection.js';
import { ClientCall, openClientCall, originOfCall } from '../../spans/client-call.js';
import { definePatch } from '../patch.js';
import type { ClientInstrumentation } from './client-instrumentation.js';
import {
  batchCall,
  commandCall,
  failCall,
  firstError,
  noteServer,
  type RedisConnection,
} from './redis-call.js';

/** That of Node, also where a test replaces it by one of fake timers, which waits for the test. */
const { nextTick } = process;

/** Whose call a command or a pipeline is: that of a request, or of something that is not recorded. */
const SEEN = Symbol('nestjs-tracing: seen');
/** Whether a connection has become ready in this turn, and restores what it was before. */
const RESTORING = Symbol('nestjs-tracing: restoring');

interface Command {
  readonly name: string;
  resolve: (value: unknown) => unknown;
  reject: (error: unknown) => unknown;
  [SEEN]?: ClientCall | true;
}

/** A connection, or a cluster of them. */
interface Client {
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

interface Pipeline {
  readonly redis: Client;
  readonly _queue: readonly Command[];
  /** How many transactions were begun and not yet completed by `exec`. */
  readonly _transactions: number;
  resolve: (answers: unknown) => unknown;
  reject: (error: unknown) => unknown;
  sendCommand: (this: Pipeline, command: Command) => unknown;
  exec: (this: Pipeline, ...args: unknown[]) => unknown;
  [SEEN]?: true;
}

const WHY =
  "ioredis' channel `ioredis:command` tells of a command when it is written: what waited for a " +
  'connection or in an automatic pipeline is written in the context of another request; and with a ' +
  'subscriber each command of the process costs its arguments as texts, outside of traces too';

const COMMANDS = definePatch({
  package: 'ioredis',
  target: 'Redis.prototype.sendCommand and Cluster.prototype.sendCommand',
  gives: 'a step for each command',
  without: 'commands to Redis are no steps',
  why: WHY,
});
const BATCHES = definePatch({
  package: 'ioredis',
  target: 'Pipeline.prototype.exec',
  gives: 'one step for the commands that are sent together',
  without: 'each command of a pipeline is a step of its own',
  why: WHY,
});
const AUTOMATIC = definePatch({
  package: 'ioredis',
  target: 'Pipeline.prototype.sendCommand',
  gives: 'the request of each command of an automatic pipeline',
  without: 'commands of automatic pipelines may be no steps',
  why: WHY,
});
const RESTORED = definePatch({
  package: 'ioredis',
  target: 'Redis.prototype.setStatus',
  gives: 'no steps for what a connection sends on its own when it is ready again',
  without: 'what a connection restores may be steps of the request that opened it',
  why: 'ioredis sends it as if the application had',
});
const DELAYED = definePatch({
  package: 'ioredis',
  target: 'Cluster.prototype.delayUntilReady',
  gives: 'the request of each command that waited for a cluster',
  without: 'commands that wait for a cluster are steps of another request or of none',
  why: WHY,
});

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

/** What a copy of ioredis exports. */
interface Exports {
  readonly default?: unknown;
  readonly Cluster?: unknown;
  readonly Pipeline?: unknown;
}

type Delay = Client['delayUntilReady'];

/**
 * Makes each command that is sent through ioredis a step of the code that called it: when it was
 * called, not when a queue, a pipeline or a cluster sends it.
 */
export const ioredis: ClientInstrumentation = { traceCopy };

function traceCopy(exported: Exports): void {
  const Redis = prototypeOf(exported.default ?? exported) as Client | undefined;
  const Cluster = prototypeOf(exported.Cluster) as Client | undefined;
  const Pipelines = prototypeOf(exported.Pipeline) as Pipeline | undefined;
  COMMANDS.method(Redis, 'sendCommand', (send) => tracedSend(send as Client['sendCommand']));
  COMMANDS.method(Cluster, 'sendCommand', (send) => tracedSend(send as Client['sendCommand']));
  RESTORED.method(Redis, 'setStatus', (set) => noteRestoring(set as Client['setStatus']));
  DELAYED.method(Cluster, 'delayUntilReady', (delay) => delayInContext(delay as Delay));
  BATCHES.method(Pipelines, 'exec', (exec) => tracedExec(exec as Pipeline['exec']));
  AUTOMATIC.method(Pipelines, 'sendCommand', (send) =>
    tracedQueueing(send as Pipeline['sendCommand']),
  );
}

function prototypeOf(exported: unknown): object | undefined {
  return typeof exported === 'function' ? (exported.prototype as object) : undefined;
}

/** Whether ioredis has made it itself, for commands that it sends together. It marks those with a symbol. */
function isAutomatic(pipeline: Pipeline): boolean {
  return Object.getOwnPropertySymbols(pipeline).some(({ description }) => description === 'exec');
}

function tracedSend(send: Client['sendCommand']): Client['sendCommand'] {
  return function (command, stream, node) {
    const seen = command?.[SEEN];
    if (seen === undefined) noteCommand(this, command);
    else if (seen !== true && this.isCluster !== true) noteServer(seen, connectionOf(this));
    return send.call(this, command, stream, node);
  };
}

/** Decides once whose a command is. It may be sent again later, in whatever context that is. */
function noteCommand(client: Client, command: Command | undefined): void {
  if (typeof command !== 'object' || command === null) return;
  command[SEEN] = true;
  if (currentTrace() === undefined || isOwn(client, command)) return;
  const origin = originOfCall('caches');
  if (origin === undefined || isRecordedByOther(client)) return;
  const call = openClientCall(origin, 'caches', commandCall(command.name, connectionOf(client)));
  command[SEEN] = call;
  followCommand(command, call);
}

/** Not by its promise: to wait for that would make an error that the application forgets a handled one. */
function followCommand(command: Command, call: ClientCall): void {
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
  if (client.isCluster === true) return false;
  if (client[RESTORING] === true || ADMINISTRATION.has(name)) return true;
  return client.status === 'connect' && HANDSHAKE.has(name);
}

/** Whether OpenTelemetry's instrumentation of ioredis makes a span of it. It does so below a span only. */
function isRecordedByOther({ sendCommand }: Client): boolean {
  if (!hasSdk()) return false;
  const { __wrapped: isWrapped } = sendCommand as { __wrapped?: boolean };
  return isWrapped === true && activeSpan() !== undefined;
}

function connectionOf({ isCluster, options, condition }: Client): RedisConnection {
  // A cluster has many, and only database 0.
  if (isCluster === true) return { database: 0 };
  const { path, host = 'localhost', port = 6379, db } = options ?? {};
  const database = condition?.select ?? db ?? 0;
  return typeof path === 'string' ? { database, address: path } : { database, address: host, port };
}

/** In the turn in which it is ready, a connection selects, subscribes and sends again what waited. */
function noteRestoring(set: Client['setStatus']): Client['setStatus'] {
  return function (status, argument) {
    if (status === 'ready' && currentTrace() !== undefined) {
      this[RESTORING] = true;
      // Before the listeners of `ready`, which are the application's.
      nextTick(() => {
        this[RESTORING] = false;
      });
    }
    return set.call(this, status, argument);
  };
}

function delayInContext(delay: Delay): Delay {
  return function (callback) {
    return delay.call(this, AsyncResource.bind(callback));
  };
}

/** The commands of an automatic pipeline are of several requests, so each is a step of its own. */
function tracedQueueing(send: Pipeline['sendCommand']): Pipeline['sendCommand'] {
  return function (command) {
    if (isAutomatic(this)) {
      const seen = command?.[SEEN];
      if (seen === undefined) noteCommand(this.redis, command);
      // A cluster sends it again with a promise of its own.
      else if (seen !== true) followCommand(command, seen);
    }
    return send.call(this, command);
  };
}

function tracedExec(exec: Pipeline['exec']): Pipeline['exec'] {
  return function (...args) {
    // The first `exec` of a transaction only completes it.
    const { _transactions: begun } = this;
    if (currentTrace() !== undefined && !(begun > 0) && this[SEEN] === undefined) {
      this[SEEN] = true;
      if (!isAutomatic(this)) noteBatch(this);
    }
    return exec.apply(this, args);
  };
}

function noteBatch(pipeline: Pipeline): void {
  const { redis, _queue: queue } = pipeline;
  const origin = originOfCall('caches');
  if (origin !== undefined && isRecordedByOther(redis)) return;
  if (!Array.isArray(queue) || queue.length === 0) return;
  for (const command of queue as readonly Command[]) command[SEEN] = true;
  if (origin === undefined) return;
  const isTransaction = (queue as readonly Command[])[0]!.name === 'multi';
  // Without `multi` and `exec`.
  const size = isTransaction ? Math.max(queue.length - 2, 0) : queue.length;
  const start = batchCall(isTransaction ? 'MULTI' : 'PIPELINE', size, connectionOf(redis));
  const call = openClientCall(origin, 'caches', start);
  const { resolve, reject } = pipeline;
  pipeline.resolve = (answers) => {
    const error = errorOfBatch(answers, isTransaction);
    if (error === undefined) call.end();
    else failCall(call, error);
    return resolve(answers);
  };
  pipeline.reject = (error) => {
    failCall(call, error);
    return reject(error);
  };
}

/** The answers to the commands of a transaction are the answer to its `exec`, the last one. */
function errorOfBatch(answers: unknown, isTransaction: boolean): Error | undefined {
  const error = firstError(answers);
  if (error !== undefined || !isTransaction || !Array.isArray(answers)) return error;
  const last: unknown = answers.at(-1);
  return Array.isArray(last) ? firstError(last[1]) : undefined;
}
