import type { Attributes } from '@opentelemetry/api';
import type { AccessLogRecord } from '../records/access-log-record.js';
import type { RequestRecord } from '../records/request-record.js';

/**
 * What is known of a request, message, job or run, under the names of the semantic conventions.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
 */
export function workAttributes(trace: RequestRecord, record: AccessLogRecord): Attributes {
  return {
    ...idAttributes(trace),
    ...(record.method === undefined ? messageAttributes(record) : httpAttributes(record)),
    ...(record.handler !== undefined && { 'code.function.name': record.handler }),
    ...(record.handler_ms !== undefined && { 'nestjs.handler.duration_ms': record.handler_ms }),
    ...(record.outcome !== 'completed' && { 'error.type': errorType(record) }),
  };
}

/** The ids that OpenTelemetry has no field for. */
export function idAttributes({ requestId, sessionId }: RequestRecord): Attributes {
  return { 'request.id': requestId, 'session.id': sessionId };
}

function httpAttributes({ method, path, route, status_code: status }: AccessLogRecord): Attributes {
  return {
    'http.request.method': method,
    ...(path !== undefined && { 'url.path': path }),
    ...(route !== undefined && { 'http.route': route }),
    ...(status !== undefined && { 'http.response.status_code': status }),
  };
}

function messageAttributes(record: AccessLogRecord): Attributes {
  const { transport, pattern, queue, job, attempt, mcp_method, mcp_tool } = record;
  const destination = queue ?? pattern;
  return {
    ...(transport !== undefined && { 'messaging.system': transport }),
    ...(destination !== undefined && { 'messaging.destination.name': destination }),
    ...(job !== undefined && { 'nestjs.job.name': job }),
    ...(attempt !== undefined && { 'nestjs.job.attempt': attempt }),
    ...(mcp_method !== undefined && { 'mcp.method.name': mcp_method }),
    ...(mcp_tool !== undefined && { 'gen_ai.tool.name': mcp_tool }),
  };
}

function errorType({ outcome, status_code: status }: AccessLogRecord): string {
  return outcome === 'errored' && status !== undefined ? String(status) : outcome;
}
