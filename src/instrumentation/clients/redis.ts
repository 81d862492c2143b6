import { AsyncResource } from 'node:async_hooks';
import { active, currentTrace } from '../../context/active-trace.js';
import { definePatch } from '../patch.js';
import type { ClientInstrumentation } from './client-instrumentation.js';
import { innerModule } from './inner-module.js';
import { subscribe } from './redis-channels.js';
import { traceOlder, type Client, type Queue } from './redis-older.js';
import { noteClients } from './redis-recorded.js';

interface Pool {
  readonly idleClients: number;
  execute: (this: Pool, task: Task) => unknown;
}

/** What a pool calls with one of its clients. */
type Task = (client: unknown) => unknown;

const POOL = definePatch({
  package: 'redis',
  target: 'RedisClientPool.prototype.execute',
  gives: 'the request of each command that waited for a client of a pool',
  without: 'commands that wait for a client are steps of the request that returns it',
  why: 'a client is given to what waits in the context of what returns it',
});
/** What `redis` is made of. */
const PACKAGE = '@redis/client';

/** What a module inside of it may export. */
interface Module {
  readonly default?: unknown;
  readonly RedisClientPool?: unknown;
}

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
  if (client !== undefined) noteClients(client);
  if (Object.keys(inner('tracing')).length > 0) return;
  const { prototype: queue } = Object(inner('commands-queue').default) as { prototype?: Queue };
  traceOlder(client, queue);
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
