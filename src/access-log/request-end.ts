import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { AccessLogRecord } from '../records/access-log-record.js';
import type { Outcome } from '../records/fields.js';
import type { Trace } from '../trace/trace.js';
import type { AccessLog } from './access-log.js';
import { roundMs } from '../records/round-ms.js';
import { droppedSteps, handlerMs, stepsOf } from '../spans/steps.js';

/** Ends an HTTP request whose response has closed. */
export type EndRequest = (trace: Trace, request: IncomingMessage, response: ServerResponse) => void;

/** Makes the function that ends HTTP requests. */
export function requestEnder(accessLog: AccessLog): EndRequest {
  return (trace, request, response) => {
    // Also lets go of the request, which a context may outlive.
    trace.metadata.settle?.(response.statusCode);
    if (!accessLog.isWanted) return;
    const record = requestRecord(trace, request, response, accessLog);
    accessLog.end(trace, record, 'Request finished', request, response);
  };
}

function requestRecord(
  trace: Trace,
  request: IncomingMessage,
  response: ServerResponse,
  accessLog: AccessLog,
): AccessLogRecord {
  const { metadata, origin, elapsedMs } = trace;
  const isUpgraded = hasUpgraded(request, response);
  const outcome = isUpgraded ? 'completed' : outcomeOf(request, response);
  const explainsItself = accessLog.explainsItself(outcome, elapsedMs);
  return {
    duration_ms: roundMs(elapsedMs),
    handler_ms: handlerMs(trace),
    method: metadata.method,
    path: metadata.path,
    route: metadata.route,
    pattern: metadata.work?.pattern,
    graphql_operation: metadata.work?.graphql_operation,
    graphql_errors: metadata.work?.graphql_errors,
    handler: metadata.handler,
    // Before the headers are out, a status is only what it would have been.
    status_code: isUpgraded ? 101 : response.headersSent ? response.statusCode : undefined,
    outcome,
    parent_span_id: origin.parentSpanId,
    steps: explainsItself ? stepsOf(trace) : undefined,
    dropped_steps: explainsItself ? droppedSteps(trace) : undefined,
  };
}

/**
 * Whether a request became a WebSocket, which writes its answer past the response. Node says so of
 * all that it gave to a listener of `upgrade`, and Fastify's plugin routes those like any other.
 */
function hasUpgraded(request: IncomingMessage, response: ServerResponse): boolean {
  return (request as { upgrade?: unknown }).upgrade === true && !response.headersSent;
}

function outcomeOf(request: IncomingMessage, response: ServerResponse): Outcome {
  if (response.headersSent && response.statusCode >= 500) return 'errored';
  const socket: unknown = request.socket;
  // HTTP/2 calls a stream finished that was aborted; a simulated connection never calls it so.
  const isSent = response.writableFinished || !(socket instanceof Socket);
  if (isSent && response.writableEnded && !response.errored) return 'completed';
  // A client that leaves ends or resets the connection. Where neither happened it was this side
  // that gave up, such as on a stream that broke behind its headers.
  const hasLeft =
    request.httpVersionMajor > 1 ||
    (socket instanceof Socket && (socket.readableEnded || socket.errored !== null));
  return hasLeft ? 'aborted' : 'errored';
}
