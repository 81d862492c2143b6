import { AsyncResource } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { active } from '../../context/active-trace.js';
import { definePatch } from '../patch.js';
import type { ClientInstrumentation } from './client-instrumentation.js';

/** A method of a collection, or what is called instead, and its arguments. */
type QueuedCall = [method: string | Function, args: readonly unknown[] | undefined];

interface MongooseCollection {
  queue: QueuedCall[];
  addQueue(...call: QueuedCall): unknown;
  doQueue(): unknown;
}

// The calls themselves are recorded in MongoDB's driver, which Mongoose makes all of them with: so
// those on `connection.db` are there too, and none is there twice.
const QUEUE = definePatch({
  package: 'mongoose',
  target: 'Collection.prototype.doQueue',
  gives: 'calls that wait for the connection as steps of the request that has made them',
  without: 'calls that wait for the first connection are not steps of their request',
  why: 'up to version 8 it makes the calls that have waited in the context of what has connected',
});

const COLLECTION = /[\\/]mongoose[\\/]lib[\\/]collection\.js$/;

/** The async context of a call that waits. */
const contexts = new WeakMap<QueuedCall, AsyncResource>();

export const mongoose: ClientInstrumentation = { prepare: keepContextsInLoadedCopies };

function keepContextsInLoadedCopies(): void {
  const { cache } = createRequire('/');
  for (const file of Reflect.ownKeys(cache) as string[]) {
    if (!COLLECTION.test(file)) continue;
    const collection = QUEUE.read(
      'Collection.prototype',
      () => (cache[file]!.exports as { prototype: MongooseCollection }).prototype,
    );
    if (collection !== undefined) keepContexts(collection);
  }
}

function keepContexts(collection: MongooseCollection): void {
  const isKept = QUEUE.method(
    collection,
    'addQueue',
    (add) =>
      function (this: MongooseCollection, ...call) {
        const result: unknown = add.apply(this, call);
        const queued = this.queue.at(-1);
        if (queued !== undefined && active.getStore() !== undefined) {
          contexts.set(queued, new AsyncResource('nestjs-tracing.mongoose'));
        }
        return result;
      },
  );
  if (!isKept) return;
  QUEUE.method(
    collection,
    'doQueue',
    (run) =>
      function (this: MongooseCollection) {
        // Only now: a call that has waited for too long is found by its name, and removed.
        for (const queued of this.queue) inItsContext(queued);
        return run.call(this) as unknown;
      },
  );
}

function inItsContext(queued: QueuedCall): void {
  const context = contexts.get(queued);
  if (context === undefined) return;
  contexts.delete(queued);
  const [method] = queued;
  queued[0] = function (this: object, ...args: unknown[]): unknown {
    const call = typeof method === 'string' ? (Reflect.get(this, method) as Function) : method;
    return context.runInAsyncScope(call as (...args: unknown[]) => unknown, this, ...args);
  };
}
