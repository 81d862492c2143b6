import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { tracingChannels } from '../events/channels.js';
import { guardCallback } from '../options/guard-callback.js';
import type { AccessLogOptions } from '../options/tracing-options.js';
import type { FinishRecord, Outcome } from '../trace/finish-record.js';
import type { Trace } from '../trace/trace.js';
import { roundMs } from './round-ms.js';
import { stepsOf } from './steps.js';

/** Writes a line in the trace that is current. */
export type WriteLine = (level: string, message: string, fields: object) => void;

/** Ends a request: one line, one event. */
export type FinishRequest = (
  trace: Trace,
  request: IncomingMessage,
  response: ServerResponse,
) => void;

/**
 * Makes the function that ends a request. What the options leave open is settled here, once.
 *
 * A callback of the user's that throws costs the line its part, and a warning; never the line.
 */
export function finishLine(accessLog: false | AccessLogOptions, write: WriteLine): FinishRequest {
  const line = accessLog === false ? undefined : lineWriter(accessLog, write);
  const { requestFinish } = tracingChannels;
  return (trace, request, response) => {
    // Also lets go of the request, which a context may outlive.
    trace.metadata.settle?.(response.statusCode);
    if (line === undefined && !requestFinish.hasSubscribers) return;
    const record = finishRecord(trace, request, response);
    line?.(record, request, response);
    if (requestFinish.hasSubscribers) requestFinish.publish({ trace, record });
  };
}

function lineWriter(
  { exclude, level, fields, message }: AccessLogOptions,
  write: WriteLine,
): (record: FinishRecord, request: IncomingMessage, response: ServerResponse) => void {
  const isExcluded = guardCallback('accessLog.exclude', exclusion(exclude));
  const levelOf = guardCallback(
    'accessLog.level',
    typeof level === 'function' ? level : () => level,
  );
  const messageOf = guardCallback(
    'accessLog.message',
    typeof message === 'function' ? message : () => message,
  );
  const fieldsOf = guardCallback('accessLog.fields', fieldPicker(fields));
  return (record, request, response) => {
    if (isExcluded(record) === true) return;
    write(
      levelOf(record) ?? levelFor(record),
      messageOf(record) ?? 'Request finished',
      fieldsOf(record, request, response) ?? record,
    );
  };
}

function exclusion(exclude: AccessLogOptions['exclude']): (record: FinishRecord) => boolean {
  if (typeof exclude === 'function') return exclude;
  const paths = exclude ?? [];
  return ({ path = '' }) =>
    paths.some((pattern) =>
      typeof pattern === 'string' ? pattern === path : path.search(pattern) !== -1,
    );
}

function fieldPicker(
  fields: AccessLogOptions['fields'],
): (record: FinishRecord, request: IncomingMessage, response: ServerResponse) => object {
  if (fields === undefined) return (record) => record;
  if (typeof fields === 'function') return fields;
  return (record) => Object.fromEntries(fields.map((name) => [name, record[name]]));
}

function levelFor({ status_code: status = 0, outcome }: FinishRecord): string {
  if (outcome === 'errored') return 'error';
  return status < 400 ? 'info' : 'warn';
}

function finishRecord(
  trace: Trace,
  request: IncomingMessage,
  response: ServerResponse,
): FinishRecord {
  const { metadata } = trace;
  // Before the headers are out, a status is only what it would have been.
  const status = response.headersSent ? response.statusCode : undefined;
  const outcome = outcomeOf(request, response);
  const steps = outcome === 'errored' && trace.spans !== undefined ? stepsOf(trace) : undefined;
  const handlerMs = handlerShare(trace);
  return {
    duration_ms: roundMs(trace.elapsedMs),
    ...(handlerMs !== undefined && { handler_ms: roundMs(handlerMs) }),
    method: metadata.method,
    path: metadata.path,
    route: metadata.route,
    handler: metadata.handler,
    status_code: status,
    outcome,
    ...(steps !== undefined && { steps }),
    ...(steps !== undefined && trace.droppedSpans > 0 && { dropped_steps: trace.droppedSpans }),
  };
}

/** What the interceptor measured; where the client left first, up to now. */
function handlerShare({ handlerMs, handlerStartedMs }: Trace): number | undefined {
  if (handlerMs !== undefined || handlerStartedMs === undefined) return handlerMs;
  return performance.now() - handlerStartedMs;
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
