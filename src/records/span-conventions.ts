import type { AccessLogField } from './fields.js';
import type { UnitOfWorkFields } from './access-log-record.js';
import { readProperty } from './error-fields.js';
import type { RequestRecord, TraceMetadata } from './request-record.js';
import type { SpanKindName } from './span-kinds.js';
import type { SpanAttributes } from './span-record.js';

type AttributeValue = SpanAttributes[string];

/** An attribute of a span, and the field of the access log line that has the same value. */
export interface ConventionalAttribute {
  readonly name: string;
  readonly value: AttributeValue;
  readonly field?: AccessLogField;
}

/** The value of `error.type` for an error whose kind has no name. */
const OTHER = '_OTHER';

/** How a request, message, job or run is described by the semantic conventions of OpenTelemetry. */
type Described = Pick<TraceMetadata, 'transport' | 'isCall'> & {
  readonly kind: RequestRecord['kind'];
};

/**
 * The kind of its span. Service graphs pair `client` with `server` and `producer` with `consumer`, so
 * it depends on whether the sender waits for a response.
 *
 * @see https://opentelemetry.io/docs/specs/otel/trace/api/#spankind
 */
export function conventionalKind({ kind, transport, isCall }: Described): SpanKindName {
  if (kind === 'request' || transport === 'grpc' || isCall === true) return 'server';
  return kind === 'run' ? 'internal' : 'consumer';
}

/**
 * The name of the span of a message, job or run.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/#span-name
 * @see https://opentelemetry.io/docs/specs/semconv/rpc/rpc-spans/#span-name
 */
export function conventionalName(
  transport: string | undefined,
  { pattern, queue, job, mcp_method: method, mcp_tool: tool }: UnitOfWorkFields,
): string {
  if (method !== undefined) return tool === undefined ? method : `${method} ${tool}`;
  if (transport === 'grpc' && pattern !== undefined) return pattern;
  return `process ${queue ?? pattern ?? job ?? ''}`.trimEnd();
}

/**
 * What a message, job or run came through, and to whom.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
 * @see https://opentelemetry.io/docs/specs/semconv/rpc/rpc-spans/
 */
export function workAttributes(
  { kind, transport }: Described,
  { pattern, queue, mcp_method: mcpMethod }: UnitOfWorkFields,
): ConventionalAttribute[] {
  const system = { value: transport, field: 'transport' } as const;
  if (kind === 'run') return [{ name: 'nestjs.run.trigger', ...system }];
  // It is described by attributes of its own.
  if (mcpMethod !== undefined) return [];
  if (transport === 'grpc') {
    const slash = pattern?.lastIndexOf('/') ?? -1;
    return [
      { name: 'rpc.system', ...system },
      { name: 'rpc.system.name', ...system },
      ...(pattern === undefined
        ? []
        : [
            {
              name: 'rpc.service',
              value: pattern.slice(0, Math.max(slash, 0)),
              field: 'pattern',
            } as const,
            { name: 'rpc.method', value: pattern.slice(slash + 1), field: 'pattern' } as const,
          ]),
    ];
  }
  return [
    { name: 'messaging.system', ...system },
    { name: 'messaging.operation.type', value: 'process' },
    { name: 'messaging.operation.name', value: 'process' },
    ...(pattern === undefined
      ? []
      : [{ name: 'messaging.destination.name', value: pattern, field: 'pattern' } as const]),
    ...(queue === undefined
      ? []
      : [{ name: 'messaging.destination.name', value: queue, field: 'queue' } as const]),
  ];
}

/** A host as the header `Host` has it: a name, an IPv4 address, or an IPv6 address in brackets. */
const HOST = /^(?:\[([\da-f:.]{2,45})\]|([\w.-]{1,255}))(?::(\d{1,5}))?$/i;

/**
 * Which server a request was sent to, as its client named it.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
 */
export function serverAttributes({ scheme, host }: TraceMetadata): Record<string, AttributeValue> {
  const attributes: Record<string, AttributeValue> = {};
  if (scheme !== undefined) attributes['url.scheme'] = scheme;
  const [, inBrackets, name = inBrackets, port] = HOST.exec(host ?? '') ?? [];
  if (name === undefined) return attributes;
  attributes['server.address'] = name;
  attributes['server.port'] = Number(port ?? (scheme === 'https' ? 443 : 80));
  return attributes;
}

/**
 * The kind of an error with which a call of a client failed: what the span says, else the code that
 * the database or the system gave, such as `23505`, `ER_DUP_ENTRY` and `ECONNREFUSED`, else its class.
 * Never its message.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/#error-type
 */
export function conventionalErrorType(error: unknown, attributes: SpanAttributes): string {
  const given =
    attributes['error.type'] ??
    attributes['db.response.status_code'] ??
    attributes['http.response.status_code'];
  if (given !== undefined) return shortWord(String(given)) ?? OTHER;
  if (typeof error !== 'object' || error === null) return OTHER;
  const code = readProperty(error, 'code');
  const isCode = typeof code === 'string' || Number.isInteger(code);
  return (isCode ? shortWord(String(code)) : undefined) ?? shortWord(className(error)) ?? OTHER;
}

/** A text that is the name of a kind and no sentence. */
function shortWord(text: string): string | undefined {
  return /^[\w.:-]{1,64}$/.test(text) ? text : undefined;
}

function className(error: object): string {
  const made = readProperty(error, 'constructor');
  return typeof made === 'function' ? String(readProperty(made, 'name')) : '';
}
