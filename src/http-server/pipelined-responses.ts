import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { isServed } from './response-end.js';

const WAITING = Symbol.for('nestjs-tracing.v1.waiting');

type WatchedSocket = Socket & { [WAITING]?: Set<ServerResponse> };

/**
 * Closes pipelined responses with their connection: Node emits no `close` on a response that still
 * waits for its turn. There is one listener per connection, however many requests it carries.
 *
 * A response without a connection, such as a mock's, is left alone: what it calls its socket may be
 * no socket, or one for the whole process, which never closes.
 */
export function closeWithConnection(request: IncomingMessage, response: ServerResponse): void {
  if (!isServed(request, response)) return;
  const watched: WatchedSocket = request.socket;
  let waiting = watched[WAITING];
  if (waiting === undefined) {
    const responses = (waiting = watched[WAITING] = new Set<ServerResponse>());
    watched.once('close', () => {
      for (const one of responses) one.emit('close');
    });
  }
  waiting.add(response);
  response.once('close', () => waiting.delete(response));
}
