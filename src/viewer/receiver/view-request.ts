import type { ViewRequest } from '../view-records.js';
import type { UnitOfWorkFields } from '../../records/access-log-record.js';
import type { Outcome } from '../../records/fields.js';
import { idsOf, numberOf, textOf } from './attribute-values.js';
import { cut, MAX_TEXT } from '../server/text-limits.js';
import { callName, httpParts } from './http-attributes.js';
import { SPAN_KIND, STATUS_CODE, type OtlpAttributes } from './otlp-data.js';
import { placeOf, type PlacedSpan } from './placed-span.js';
import { spanError } from './span-error.js';

const FIRST_SERVER_ERROR = 500;
/** What the conventions call a message whose destination is unknown. */
const NAMELESS = 'process';

/** The span of a request, message, job or run as a whole. */
export function viewRequest(span: PlacedSpan): ViewRequest {
  const { service, traceId, spanId, attributes } = span;
  const kind = kindOf(span);
  return {
    type: 'request',
    // Who sends a span twice means the same one.
    key: `${service}/${traceId}/${spanId}`,
    kind,
    traceId,
    ...placeOf(span),
    ...idsOf(attributes),
    ...(kind === 'request' ? httpParts(attributes) : workParts(kind, span)),
    handler: textOf(attributes, 'code.function.name'),
    handlerMs: numberOf(attributes, 'nestjs.handler.duration_ms'),
    graphql_operation: textOf(attributes, 'graphql.operation.name'),
    outcome: outcomeOf(span),
    error: spanError(span),
  };
}

function kindOf({ kind, attributes }: PlacedSpan): ViewRequest['kind'] {
  if (kind === SPAN_KIND.SERVER && httpParts(attributes).method !== undefined) return 'request';
  if (kind !== SPAN_KIND.SERVER && kind !== SPAN_KIND.CONSUMER) return 'run';
  return attributes.get('messaging.system') === 'bullmq' ? 'job' : 'message';
}

/**
 * What a message, job or run is about.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
 * @see https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/
 */
function workParts(kind: ViewRequest['kind'], { kind: spanKind, name, attributes }: PlacedSpan) {
  // A call that a script begins with says whom it calls, not what the script is.
  if (spanKind === SPAN_KIND.CLIENT || spanKind === SPAN_KIND.PRODUCER) {
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
 * The newest convention has the service in the method.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/rpc/rpc-spans/
 */
function calledMethod(attributes: OtlpAttributes): string | undefined {
  const [service, method] = [textOf(attributes, 'rpc.service'), textOf(attributes, 'rpc.method')];
  if (service === undefined || method === undefined || method.includes('/')) return method;
  return `${service}/${method}`;
}

function outcomeOf({ status, attributes }: PlacedSpan): Outcome {
  const { status: httpStatus = 0 } = httpParts(attributes);
  if (status.code === STATUS_CODE.ERROR || httpStatus >= FIRST_SERVER_ERROR) return 'errored';
  return attributes.get('error.type') === 'aborted' ? 'aborted' : 'completed';
}
