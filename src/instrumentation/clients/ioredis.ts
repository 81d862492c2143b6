import { AsyncResource } from 'node:async_hooks';
import { currentTrace } from '../../context/active-trace.js';
import { definePatch } from '../patch.js';
import type { ClientInstrumentation } from './client-instrumentation.js';
import { isAutomatic, noteBatch, type Pipeline } from './ioredis-batch.js';
import {
  connectionOf,
  followCommand,
  noteCommand,
  RESTORING,
  SEEN,
  type Client,
} from './ioredis-command.js';
import { noteServer } from './redis-call.js';

/** That of Node, also where a test replaces it by one of fake timers, which waits for the test. */
const { nextTick } = process;

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
  COMMANDS.method(Redis, 'sendCommand', (send) => tracedSend(send as Client['sendCommand'], Redis));
  COMMANDS.method(Cluster, 'sendCommand', (send) =>
    tracedSend(send as Client['sendCommand'], Redis),
  );
  RESTORED.method(Redis, 'setStatus', (set) => noteRestoring(set as Client['setStatus']));
  DELAYED.method(Cluster, 'delayUntilReady', (delay) => delayInContext(delay as Delay));
  BATCHES.method(Pipelines, 'exec', (exec) => tracedExec(exec as Pipeline['exec'], Redis));
  AUTOMATIC.method(Pipelines, 'sendCommand', (send) =>
    tracedQueueing(send as Pipeline['sendCommand'], Redis),
  );
}

function prototypeOf(exported: unknown): object | undefined {
  return typeof exported === 'function' ? (exported.prototype as object) : undefined;
}

function tracedSend(
  send: Client['sendCommand'],
  connections: Client | undefined,
): Client['sendCommand'] {
  return function (command, stream, node) {
    const seen = command?.[SEEN];
    if (seen === undefined) noteCommand(this, command, connections);
    else if (seen !== true && this.isCluster !== true) noteServer(seen, connectionOf(this));
    return send.call(this, command, stream, node);
  };
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
function tracedQueueing(
  send: Pipeline['sendCommand'],
  connections: Client | undefined,
): Pipeline['sendCommand'] {
  return function (command) {
    if (isAutomatic(this)) {
      const seen = command?.[SEEN];
      if (seen === undefined) noteCommand(this.redis, command, connections);
      // A cluster sends it again with a promise of its own.
      else if (seen !== true) followCommand(command, seen);
    }
    return send.call(this, command);
  };
}

function tracedExec(exec: Pipeline['exec'], connections: Client | undefined): Pipeline['exec'] {
  return function (...args) {
    // The first `exec` of a transaction only completes it.
    const { _transactions: begun } = this;
    if (currentTrace() !== undefined && !(begun > 0) && this[SEEN] === undefined) {
      this[SEEN] = true;
      if (!isAutomatic(this)) noteBatch(this, connections);
    }
    return exec.apply(this, args);
  };
}
