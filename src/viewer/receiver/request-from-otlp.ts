import type { ViewRequest } from '../view-records.js';
import type { UnitOfWorkFields } from '../../records/access-log-record.js';
import type { Outcome } from '../../records/fields.js';
import { cut, MAX_TEXT } from '../server/text-limits.js';
import { idsOf, numberOf, textOf } from './attribute-values.js';
import { spanError } from './exception-text.js';
import { callName, httpParts } from './http-attributes.js';
import { STATUS_CODE, type OtlpAttributes, type OtlpSpan } from './otlp-model.js';
import { timeOf } from './span-time.js';

const FIRST_SERVER_ERROR = 500;
/** The name of the span of a message whose destination is unknown, by the conventions. */
const NAMELESS = 'process';

/** The span of a whole request, message, job or run, as the trace viewer shows it. */
export function requestFromOtlp(service: string, span: OtlpSpan): ViewRequest {
  const { traceId, spanId, parentSpanId, attributes } = span;
  const kind = kindOf(span);
  return {
    type: 'request',
    // A sender that had no answer sends the span again: the same one.
    key: `${service}/${traceId}/${spanId}`,
    service,
    kind,
    traceId,
    w3cTraceId: traceId,
    spanId,
    parentSpanId,
    ...timeOf(span),
    ...idsOf(attributes),
    ...(kind === 'request' ? httpParts(attributes) : workParts(kind, span)),
    handler: textOf(attributes, 'code.function.name'),
    handlerMs: numberOf(attributes, 'nestjs.handler.duration_ms'),
    graphql_operation: textOf(attributes, 'graphql.operation.name'),
    outcome: outcomeOf(span),
    error: spanError(span),
  };
}

function kindOf({ kind, attributes }: OtlpSpan): ViewRequest['kind'] {
  if (kind === 'server' && httpParts(attributes).method !== undefined) return 'request';
  if (kind !== 'server' && kind !== 'consumer') return 'run';
  return attributes.get('messaging.system') === 'bullmq' ? 'job' : 'message';
}

/**
 * What sets a message, job or run apart from others.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
 * @see https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/
 */
function workParts(kind: ViewRequest['kind'], { kind: spanKind, name, attributes }: OtlpSpan) {
  // The first span of a script may be a call: its attributes are about the server, not the script.
  if (spanKind === 'client' || spanKind === 'producer') {
    return { job: cut(callName(name, attributes), MAX_TEXT) };
  }
  const destination =
    textOf(attributes, 'messaging.destination.name', 'messaging.destination') ??
    calledMethod(attributes);
  const mcpMethod = textOf(attributes, 'mcp.method.name');
  const system = textOf(attributes, 'messaging.system', 'rpc.system.name', 'rpc.system');
  const parts: UnitOfWorkFields & { transport: string | undefined } = {
    transport: system ?? (mcpMethod === undefined ? undefined : 'mcp'),
    [kind === 'job' ? 'queue' : 'pattern']: destination,
    job: textOf(attributes, 'nestjs.job.name'),
    attempt: numberOf(attributes, 'nestjs.job.attempt'),
    mcp_method: mcpMethod,
    mcp_tool: textOf(attributes, 'gen_ai.tool.name'),
  };
  const isNamed = (destination ?? parts.job ?? mcpMethod) !== undefined;
  if (isNamed || name === NAMELESS) return parts;
  return { ...parts, [kind === 'message' ? 'pattern' : 'job']: cut(name, MAX_TEXT) };
}

/**
 * The method that was called. By the newest convention it includes the service.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/rpc/rpc-spans/
 */
function calledMethod(attributes: OtlpAttributes): string | undefined {
  const [service, method] = [textOf(attributes, 'rpc.service'), textOf(attributes, 'rpc.method')];
  if (service === undefined || method === undefined || method.includes('/')) return method;
  return `${service}/${method}`;
}

function outcomeOf({ status, attributes }: OtlpSpan): Outcome {
  const { status: httpStatus = 0 } = httpParts(attributes);
  if (status.code === STATUS_CODE.ERROR || httpStatus >= FIRST_SERVER_ERROR) return 'errored';
  return attributes.get('error.type') === 'aborted' ? 'aborted' : 'completed';
}
