import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { isServed } from './response-end.js';

const WAITING = Symbol.for('nestjs-tracing.v1.waiting');

type WatchedSocket = Socket & { [WAITING]?: ServerResponse[] };

/**
 * Closes pipelined responses with their connection: Node emits no `close` on a response that still
 * waits for its turn. There is one listener per connection, however many requests it carries.
 *
 * A response without a connection, such as a mock's, is left alone: what it calls its socket may be
 * no socket, or one for the whole process, which never closes.
 */
export function closeWithConnection(request: IncomingMessage, response: ServerResponse): void {
  if (!isServed(request, response)) return;
  const { socket }: { socket: WatchedSocket } = request;
  const waiting = (socket[WAITING] ??= closedWith(socket));
  waiting.push(response);
  response.once('close', () => {
    // The oldest: responses of a connection end in their order.
    const index = waiting.indexOf(response);
    if (index === waiting.length - 1) waiting.pop();
    else waiting.splice(index, 1);
  });
}

/** Responses that are closed with their connection. No `Set`, for the reason that `ArrivalList` is none. */
function closedWith(socket: Socket): ServerResponse[] {
  const responses: ServerResponse[] = [];
  socket.once('close', () => {
    for (const response of [...responses]) response.emit('close');
  });
  return responses;
}
