import type { IncomingMessage, ServerResponse } from 'node:http';

/** Closes the connection after the response: the rest of the request's body is not read. */
export function closeAfter(request: IncomingMessage, response: ServerResponse): void {
  // In HTTP/2 only the stream ends, and there is no such header.
  if (request.httpVersionMajor > 1) response.once('finish', () => request.destroy());
  else response.setHeader('Connection', 'close');
}
