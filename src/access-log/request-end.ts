import type { IncomingMessage, ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import type { Outcome } from '../records/fields.js';
import { mcpFieldsOfHeaders } from '../records/mcp-message.js';
import { mayRepeatCalls } from '../spans/repeated-calls.js';
import { statusOf } from '../trace/thrown.js';
import type { Trace } from '../trace/trace.js';
import type { AccessLog } from './access-log.js';
import { enrichTrace } from './enrich-trace.js';
import type { Enrich } from '../options/enrich-option.js';
import { buildRecord } from './build-record.js';

/**
 * Ends an HTTP request whose response has closed.
 *
 * @param isComplete whether the whole response was handed over. It is `true` only where no
 * connection closes the response: mocks and some serverless adapters have a status, but do not say
 * that their headers are sent or that they have ended.
 */
export type EndRequest = (
  trace: Trace,
  request: IncomingMessage,
  response: ServerResponse,
  isComplete: boolean,
) => void;

/**
 * Makes the function that ends HTTP requests.
 *
 * @param onFirst called when the first of them has ended.
 * @param enrich asked for the fields of requests that did not get to their handler.
 */
export function requestEnder(
  accessLog: AccessLog,
  onFirst: () => void,
  enrich?: Enrich,
): EndRequest {
  let hasEnded = false;
  return (trace, request, response, isComplete) => {
    if (!hasEnded) {
      hasEnded = true;
      onFirst();
    }
    // A guard has refused it: what it knows of the caller is on the request.
    if (enrich !== undefined && trace.metadata.handler !== undefined) enrichTrace(trace, enrich);
    // Also drops the request, which an async context may outlive.
    trace.metadata.settle?.(response.statusCode);
    // A message that was seen says it better.
    const mcpMethod = request.headers?.['mcp-method'];
    if (mcpMethod !== undefined) {
      trace.metadata.work ??= mcpFieldsOfHeaders(mcpMethod, request.headers['mcp-name']);
    }
    if (mayRepeatCalls(trace)) accessLog.warnOfRepeatedCalls(trace);
    if (!accessLog.isWanted) return;
    // Before the headers are sent, the status may still change.
    const hasStatus = response.headersSent || isComplete;
    const isUpgraded = !hasStatus && hasUpgraded(request);
    const status = isUpgraded ? 101 : hasStatus ? response.statusCode : undefined;
    const sent = isUpgraded ? 'completed' : outcomeOf(request, response, status, isComplete);
    // A GraphQL operation that has failed is answered with the status 200.
    const hasFailed = trace.metadata.work?.error !== undefined || hasBrokenOff(trace);
    const outcome = sent === 'completed' && hasFailed ? 'errored' : sent;
    const explanation = accessLog.explain(trace, outcome, status, request);
    const record = buildRecord(trace, outcome, status, explanation);
    accessLog.end(trace, record, 'Request finished', request, response);
  };
}

/** Whether the response is a stream that has failed, though all that was written of it is sent. */
function hasBrokenOff({ thrown }: Trace): boolean {
  return thrown?.isLate === true && (statusOf(thrown.error) ?? 500) >= 500;
}

/**
 * Whether a request without a status became a WebSocket, which is answered on the socket instead of
 * the response. Node sets `upgrade` on each request that it emitted as `upgrade`, and Fastify's
 * plugin routes those like any other.
 */
function hasUpgraded(request: IncomingMessage): boolean {
  return (request as { upgrade?: unknown }).upgrade === true;
}

function outcomeOf(
  request: IncomingMessage,
  response: ServerResponse,
  status: number | undefined,
  isComplete: boolean,
): Outcome {
  if (status !== undefined && status >= 500) return 'errored';
  if (isComplete && !response.errored) return 'completed';
  const socket: unknown = request.socket;
  // On HTTP/2, a stream that was aborted is finished too; on a simulated connection, none ever is.
  const isSent = response.writableFinished || !(socket instanceof Duplex);
  if (isSent && response.writableEnded && !response.errored) return 'completed';
  // A client that disconnects ends or resets the connection. Where neither happened, the server has
  // given up, for example on a stream that failed after its headers were sent.
  const hasDisconnected =
    request.httpVersionMajor > 1 ||
    (socket instanceof Duplex ? socket.readableEnded || socket.errored !== null : request.aborted);
  return hasDisconnected ? 'aborted' : 'errored';
}
