import { openClientCall, originOfCall } from '../../spans/client-call.js';
import {
  connectionOf,
  isRecordedByOther,
  SEEN,
  type Client,
  type Command,
} from './ioredis-command.js';
import { batchCall, failCall, firstError } from './redis-call.js';

export interface Pipeline {
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

/** Whether ioredis has made it itself, for commands that it sends together. It marks those with a symbol. */
export function isAutomatic(pipeline: Pipeline): boolean {
  return Object.getOwnPropertySymbols(pipeline).some(({ description }) => description === 'exec');
}

/** Makes what a pipeline or a transaction sends one step. */
export function noteBatch(pipeline: Pipeline, connections: Client | undefined): void {
  const { redis, _queue: queue } = pipeline;
  const origin = originOfCall('caches');
  if (origin !== undefined && isRecordedByOther(connections)) return;
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
