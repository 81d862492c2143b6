import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const WAITING = Symbol.for('nestjs-tracing.v1.waiting');

type WatchedSocket = Socket & { [WAITING]?: Set<ServerResponse> };

/**
 * Closes pipelined responses with their connection: Node emits no `close` on a response that still
 * waits for its turn. There is one listener per connection, however many requests it carries.
 */
export function closeWithConnection(socket: Socket, response: ServerResponse): void {
  const watched = socket as WatchedSocket;
  let waiting = watched[WAITING];
  if (waiting === undefined) {
    const responses = (waiting = watched[WAITING] = new Set<ServerResponse>());
    socket.once('close', () => {
      for (const one of responses) one.emit('close');
    });
  }
  waiting.add(response);
  response.once('close', () => waiting.delete(response));
}
