import type { ViewedFields, ViewRequest } from '../view-records.js';
import { shownUserAgent } from '../../records/explained-request.js';
import type { Field } from '../../records/field.js';
import { accessLogField, ACCESS_LOG_FIELD_NAMES, type Outcome } from '../../records/fields.js';
import { cut, MAX_TEXT } from '../server/text-limits.js';
import { shownText } from '../shown-text.js';
import { idsOf, listOf, numberOf, textOf } from './attribute-values.js';
import { spanError } from './exception-text.js';
import { callName, httpParts, originIn } from './http-attributes.js';
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
    ...(isCall(span) ? {} : ownFields(attributes)),
    ...(kind === 'request'
      ? { ...httpParts(attributes), serverOrigin: originIn(attributes) }
      : workParts(kind, span)),
    outcome: outcomeOf(span),
    error: spanError(span),
  };
}

type Read = (attributes: OtlpAttributes, name: string) => unknown;

const READERS: Readonly<Record<Field['type'], Read>> = {
  string: textOf,
  number: numberOf,
  list: listOf,
  record: () => undefined,
  error: () => undefined,
  steps: () => undefined,
};

/** Whatever a service sends there, a secret in it is masked as on a line of this package. */
function userAgentOf(attributes: OtlpAttributes, name: string): string | undefined {
  return shownUserAgent(textOf(attributes, name));
}

/** Written by the conventions alone; those of HTTP and messages have older names too. */
const OWN_FIELDS = ACCESS_LOG_FIELD_NAMES.flatMap((name) => {
  const { attribute, type } = accessLogField(name);
  // Of the query, only what this application has masked itself is shown.
  if (attribute === undefined || /^(?:http|url|messaging)\./.test(attribute)) return [];
  return { name, attribute, read: name === 'user_agent' ? userAgentOf : READERS[type] };
});

/** The fields that one attribute says, as the table of fields has them. */
function ownFields(attributes: OtlpAttributes): ViewedFields {
  return Object.fromEntries(
    OWN_FIELDS.map(({ name, attribute, read }) => [name, read(attributes, attribute)]),
  );
}

function kindOf({ kind, attributes }: OtlpSpan): ViewRequest['kind'] {
  if (kind === 'server' && httpParts(attributes).method !== undefined) return 'request';
  if (kind !== 'server' && kind !== 'consumer') return 'run';
  return attributes.get('messaging.system') === 'bullmq' ? 'job' : 'message';
}

/** The first span of a script may be a call: its attributes are about the server, not the script. */
function isCall({ kind }: Pick<OtlpSpan, 'kind'>): boolean {
  return kind === 'client' || kind === 'producer';
}

/**
 * What sets a message, job or run apart from others.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
 * @see https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/
 */
function workParts(
  kind: ViewRequest['kind'],
  { kind: spanKind, name, attributes }: OtlpSpan,
): ViewedFields {
  if (isCall({ kind: spanKind }))
    return { job: cut(shownText(callName(name, attributes)), MAX_TEXT) };
  const destination =
    textOf(attributes, 'messaging.destination.name', 'messaging.destination') ??
    calledMethod(attributes);
  const mcpMethod = textOf(attributes, 'mcp.method.name');
  const system = textOf(
    attributes,
    ...['messaging.system', 'rpc.system.name', 'rpc.system', 'nestjs.run.trigger'],
  );
  const job = textOf(attributes, 'nestjs.job.name');
  const parts: ViewedFields = {
    transport: system ?? (mcpMethod === undefined ? undefined : 'mcp'),
    [kind === 'job' ? 'queue' : 'pattern']: destination,
  };
  const isNamed = (destination ?? job ?? mcpMethod) !== undefined;
  if (isNamed || name === NAMELESS) return parts;
  return { ...parts, [kind === 'message' ? 'pattern' : 'job']: cut(shownText(name), MAX_TEXT) };
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
  const { status_code: httpStatus = 0 } = httpParts(attributes);
  if (status.code === STATUS_CODE.ERROR || httpStatus >= FIRST_SERVER_ERROR) return 'errored';
  return attributes.get('error.type') === 'aborted' ? 'aborted' : 'completed';
}
