import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Outcome } from '../records/fields.js';
import type { Trace } from '../trace/trace.js';
import type { AccessLog } from './access-log.js';
import { buildRecord } from './build-record.js';

/** Ends an HTTP request whose response has closed. */
export type EndRequest = (trace: Trace, request: IncomingMessage, response: ServerResponse) => void;

/** Makes the function that ends HTTP requests. */
export function requestEnder(accessLog: AccessLog): EndRequest {
  return (trace, request, response) => {
    // Also drops the request, which an async context may outlive.
    trace.metadata.settle?.(response.statusCode);
    if (!accessLog.isWanted) return;
    const isUpgraded = hasUpgraded(request, response);
    const outcome = isUpgraded ? 'completed' : outcomeOf(request, response);
    // Before the headers are sent, the status may still change.
    const status = isUpgraded ? 101 : response.headersSent ? response.statusCode : undefined;
    const explainsItself = accessLog.explainsItself(outcome, trace.elapsedMs);
    const record = buildRecord(trace, outcome, status, explainsItself);
    accessLog.end(trace, record, 'Request finished', request, response);
  };
}

/**
 * Whether a request became a WebSocket, which is answered on the socket instead of the response.
 * Node sets `upgrade` on each request that it emitted as `upgrade`, and Fastify's plugin routes
 * those like any other.
 */
function hasUpgraded(request: IncomingMessage, response: ServerResponse): boolean {
  return (request as { upgrade?: unknown }).upgrade === true && !response.headersSent;
}

function outcomeOf(request: IncomingMessage, response: ServerResponse): Outcome {
  if (response.headersSent && response.statusCode >= 500) return 'errored';
  const socket: unknown = request.socket;
  // On HTTP/2, a stream that was aborted is finished too; on a simulated connection, none ever is.
  const isSent = response.writableFinished || !(socket instanceof Socket);
  if (isSent && response.writableEnded && !response.errored) return 'completed';
  // A client that disconnects ends or resets the connection. Where neither happened, the server has
  // given up, for example on a stream that failed after its headers were sent.
  const hasDisconnected =
    request.httpVersionMajor > 1 ||
    (socket instanceof Socket && (socket.readableEnded || socket.errored !== null));
  return hasDisconnected ? 'aborted' : 'errored';
}
