import { tracingChannel, type TracingChannelSubscribers } from 'node:diagnostics_channel';
import { currentTrace } from '../../context/active-trace.js';
import { sharedState } from '../../records/shared-state.js';
import {
  openClientCall,
  originOfCall,
  type CallOrigin,
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

const CHANNELS = definePatch({
  package: 'redis',
  target: 'the channels `node-redis:command` and `node-redis:batch`',
  gives: 'a step for each command, and one for commands that are sent together',
  without: 'commands to Redis are no steps',
  why: 'it is the public hook, from version 5.12',
});
const subscription = sharedState('redis-channels', () => ({ isActive: false }));
const calls = new WeakMap<object, ClientCall>();

/** Records what the channels of node-redis tell of, whatever copy of it is loaded. */
export function subscribe(): void {
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
  if (batchMode !== undefined || isAdministration(command) || isRecordedByOther()) {
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
