import { channel } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';

/** How many there are of each. */
export type Counts = Readonly<Record<string, number>>;

/** What a server holds on to, apart from its memory. */
export interface ServerState {
  /** What keeps the event loop alive: sockets, timers, immediates. */
  readonly resources: Counts;
  readonly processListeners: Counts;
  readonly serverListeners: Counts;
  /** Of each event, those of the open connection that has most. */
  readonly socketListeners: Counts;
  readonly subscribers: Counts;
  readonly connections: number;
}

const CHANNELS = [
  'nestjs-tracing:request:start',
  'nestjs-tracing:request:finish',
  'nestjs-tracing:span:finish',
  'nestjs-tracing:log',
  'undici:request:create',
  'undici:request:headers',
  'undici:request:trailers',
  'undici:request:error',
  'http.client.request.created',
  'http.client.request.start',
  'http.client.response.finish',
  'http.client.request.error',
];

/** Watches a server's connections, of which Node has no list of its own. */
export class ServerStateReader {
  private readonly sockets = new Set<Socket>();

  constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  read(): ServerState {
    return {
      resources: countEach(process.getActiveResourcesInfo()),
      processListeners: listenersOf(process),
      serverListeners: listenersOf(this.server),
      socketListeners: most([...this.sockets].map(listenersOf)),
      subscribers: Object.fromEntries(CHANNELS.map((name) => [name, subscribersOf(name)])),
      connections: this.sockets.size,
    };
  }
}

/** Bytes that are still held after a forced collection, buffers included. */
export async function heldBytes(): Promise<number> {
  globalThis.gc?.();
  // Finalizers of the first collection release more.
  await setImmediate();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function countEach(names: readonly string[]): Counts {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function listenersOf(emitter: EventEmitter): Counts {
  return Object.fromEntries(
    emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)]),
  );
}

function most(all: readonly Counts[]): Counts {
  const highest: Record<string, number> = {};
  for (const counts of all) {
    for (const [name, count] of Object.entries(counts)) {
      highest[name] = Math.max(highest[name] ?? 0, count);
    }
  }
  return highest;
}

/** Node has a public API for whether a channel has subscribers, but not for how many. */
function subscribersOf(name: string): number {
  return (channel(name) as { _subscribers?: readonly unknown[] })._subscribers?.length ?? 0;
}
