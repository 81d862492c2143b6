import { subscribe, unsubscribe, type ChannelListener } from 'node:diagnostics_channel';
import { originOfCall, type ClientCall } from '../../spans/client-call.js';
import { definePatch } from '../patch.js';
import { openPgCall, type PgConnected } from './pg-statement.js';

// A version of pg that publishes its queries itself is recorded from its channel. That one does is
// seen when it publishes the first one, inside of the method that is patched.

/** The message of a query, the same object for each of its events. */
interface PublishedQuery {
  readonly query?: unknown;
  readonly client?: PgConnected;
  readonly error?: unknown;
}

/** A copy of pg whose `client.query` is patched. */
export interface PatchedCopy {
  /** Whether it publishes its queries, as far as is known. */
  isPublishing: boolean;
}

const CHANNEL = definePatch({
  package: 'pg',
  target: 'diagnostics channels `tracing:pg:query:*`',
  gives: 'each query as a step, for a version that publishes them',
  without: 'queries are not recorded',
  why: 'a channel is public; the patch of `Client.prototype.query` records nothing then',
});

/** The copy whose patch records the query that is being passed on now. */
let recording: PatchedCopy | undefined;
const calls = new WeakMap<object, ClientCall>();
let isSubscribed = false;

/**
 * Begins to pass a query on that the patch records: where it is published too, that is not recorded.
 *
 * @returns what {@link endRecording} takes.
 */
export function beginRecording(copy: PatchedCopy): PatchedCopy | undefined {
  const outer = recording;
  recording = copy;
  return outer;
}

export function endRecording(outer: PatchedCopy | undefined): void {
  recording = outer;
}

const LISTENERS: Readonly<Record<string, (message: PublishedQuery) => void>> = {
  start(message) {
    if (recording !== undefined) {
      recording.isPublishing = true;
      return;
    }
    const origin = originOfCall('databases');
    if (origin !== undefined) calls.set(message, openPgCall(origin, message.query, message.client));
  },
  error: (message) => calls.get(message)?.fail(message.error),
  asyncEnd: (message) => calls.get(message)?.end(),
};

/** Listens to what pg publishes, until the last application closes. */
export function subscribeToPg(): void {
  if (isSubscribed) return;
  isSubscribed = true;
  const listeners = Object.entries(LISTENERS) as [event: string, ChannelListener][];
  for (const [event, listen] of listeners) subscribe(`tracing:pg:query:${event}`, listen);
  CHANNEL.noteApplied(() => {
    isSubscribed = false;
    for (const [event, listen] of listeners) unsubscribe(`tracing:pg:query:${event}`, listen);
  });
}
