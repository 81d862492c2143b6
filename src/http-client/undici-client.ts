import { symbolOf, valueOf } from './socket-reader.js';

/** Where the clients of a class keep their connection. Each copy of undici has its own symbols. */
const connectionKeys = new WeakMap<object, symbol>();

/** The client that sends on a connection. */
export function clientOf(socket: object): object | undefined {
  const key = symbolOf(socket, 'client');
  const client = key && valueOf(socket, key);
  return typeof client === 'object' && client !== null ? client : undefined;
}

/**
 * The connection that a dispatcher sends on; `undefined` where it has none yet, or is not a client
 * but what distributes requests to clients.
 */
export function connectionOf(dispatcher: object | undefined): unknown {
  if (dispatcher === undefined) return undefined;
  const type: object = Object.getPrototypeOf(dispatcher);
  let key = connectionKeys.get(type);
  if (key === undefined) {
    key = symbolOf(dispatcher, 'socket');
    if (key === undefined) return undefined;
    connectionKeys.set(type, key);
  }
  const socket = valueOf(dispatcher, key);
  return isOpen(socket) ? socket : undefined;
}

function isOpen(socket: unknown): boolean {
  return (
    typeof socket === 'object' && socket !== null && !('destroyed' in socket && socket.destroyed)
  );
}

/** The requests that a client has not ended, those that wait for its connection among them. */
export function requestsOf(client: object | undefined): readonly object[] {
  const key = client && symbolOf(client, 'queue');
  const queue = client && key && valueOf(client, key);
  return Array.isArray(queue)
    ? queue.filter((item) => typeof item === 'object' && item !== null)
    : [];
}
