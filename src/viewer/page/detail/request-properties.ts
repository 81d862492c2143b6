import type { ViewRequest } from '../../view-records.js';
import { durationText, timeText } from '../text/display-text.js';
import type { Property } from './property-list.js';

/** The ids of a request, those that are searched for most first. */
export function idProperties(record: ViewRequest): readonly Property[] {
  const { requestId, sessionId, traceId, w3cTraceId, spanId, parentSpanId } = record;
  return [
    { name: 'request id', value: requestId, isId: true },
    { name: 'session id', value: sessionId, isId: true },
    { name: 'trace id', value: traceId, isId: true },
    // The same, unless a caller sent a trace id that is not 32 hex digits.
    { name: 'W3C trace id', value: w3cTraceId === traceId ? undefined : w3cTraceId, isId: true },
    { name: 'span id', value: spanId, isId: true },
    { name: 'parent span id', value: parentSpanId, isId: true },
  ];
}

/** The other properties of a request. */
export function requestProperties(record: ViewRequest): readonly Property[] {
  const { durationMs, handlerMs } = record;
  return [
    { name: 'started', value: timeText(record.startedAt) },
    { name: 'duration', value: durationMs === undefined ? undefined : durationText(durationMs) },
    { name: 'in handler', value: handlerMs === undefined ? undefined : durationText(handlerMs) },
    { name: 'service', value: record.service },
    { name: 'route', value: record.route },
    { name: 'handler', value: record.handler },
    { name: 'transport', value: record.transport },
    { name: 'pattern', value: record.pattern },
    { name: 'queue', value: record.queue },
    { name: 'job', value: record.job },
    { name: 'attempt', value: record.attempt },
    { name: 'MCP method', value: record.mcp_method },
    { name: 'MCP tool', value: record.mcp_tool },
    { name: 'GraphQL operation', value: record.graphql_operation },
    { name: 'GraphQL errors', value: record.graphql_errors },
  ];
}
