import type { Server } from 'node:http';
import { MemorySocket } from './memory-socket.js';

export interface BatchSizes {
  /** Requests before the first that counts: compilation is over when a server has seen these. */
  warmUp: number;
  /** Requests of a batch. */
  batch: number;
  batches: number;
  /** How many requests the server works on at the same time. Default: 32. */
  inFlight?: number;
}

const usuallyInFlight = 32;
const REQUEST_HEAD = 'GET /payments/42 HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-ID: ';

/**
 * Serves requests over connections in memory, and takes the CPU of this process for one of a batch:
 * the least of the batches, which what else the machine does has disturbed least.
 */
export async function leastOfBatches(
  server: Server,
  { warmUp, batch, batches, inFlight = usuallyInFlight }: BatchSizes,
): Promise<number> {
  const sockets = Array.from({ length: inFlight }, () => new MemorySocket());
  for (const socket of sockets) server.emit('connection', socket);
  await serve(sockets, warmUp);
  let least = Infinity;
  for (let i = 0; i < batches; i++) {
    const before = process.cpuUsage();
    await serve(sockets, batch);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / batch);
  }
  for (const socket of sockets) socket.destroy();
  return least;
}

/** Each socket sends again in the turn of the event loop behind its response, as a client would. */
async function serve(sockets: readonly MemorySocket[], count: number): Promise<void> {
  let sent = 0;
  const keepBusy = (socket: MemorySocket) =>
    new Promise<void>((resolve, reject) => {
      const send = () => socket.send(requestWith(requestId(sent++)), settle);
      const settle = (error?: Error) => {
        if (error) reject(error);
        else if (sent >= count) resolve();
        else setImmediate(send);
      };
      settle();
    });
  await Promise.all(sockets.map(keepBusy));
}

function requestWith(id: string): string {
  return `${REQUEST_HEAD}${id}\r\n\r\n`;
}

/** As long as a UUID: what a proxy in front would send. */
function requestId(index: number): string {
  return `5f1c2a9e-7d3b-4c86-9a40-${index.toString(16).padStart(12, '0')}`;
}
