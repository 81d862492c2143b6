import { currentTrace, runWithSpan } from '../../context/trace-store.js';
import { w3cHeaders } from '../../trace/propagation.js';
import type { Span } from '../../trace/span.js';
import type { SpanKind, SpanStart } from '../../records/span-record.js';
import type { Trace } from '../../trace/trace.js';
import {
  isFailure,
  metaOf,
  methodOf,
  targetOf,
  toolOf,
  type McpMessage,
  type McpTransport,
  type Protocol,
} from './message.js';
import { OpenRequest } from './open-request.js';
import { withHeaders } from '../outgoing-headers.js';
import { applicationOfTrace } from '../instrumented-applications.js';

type Request = (this: unknown, ...args: unknown[]) => Promise<unknown>;

const TRACED = Symbol.for('nestjs-tracing.v1.mcp');

/** Lets what a server or client sends carry the trace, and tells how it answers requests. */
export function traceOutgoing(prototype: Protocol): void {
  traceRequests(prototype as unknown as Record<string, Request | undefined>);
  const { connect, _onrequest: onRequest } = prototype;
  prototype.connect = function (transport, ...rest) {
    traceSending(transport);
    return connect.call(this, transport, ...rest);
  };
  // It may have been connected before.
  prototype._onrequest = function (request, extra) {
    if (this.transport !== undefined) traceSending(this.transport);
    onRequest.call(this, request, extra);
  };
}

/** In version 2 every request goes through a method of its own, in version 1 through `request`. */
function traceRequests(prototype: Record<string, Request | undefined>): void {
  const [method, position] =
    prototype['_requestWithSchemaViaCodec'] === undefined
      ? ['request', 0]
      : ['_requestWithSchemaViaCodec', 1];
  const request = prototype[method];
  if (request === undefined) return;
  prototype[method] = function (...args) {
    const message = args[position] as McpMessage;
    return sendTraced('client', message, (traced) =>
      request.apply(this, args.with(position, traced)),
    );
  };
}

function traceSending(transport: McpTransport): void {
  const { send } = transport;
  if (typeof send !== 'function' || TRACED in send) return;
  const traced: McpTransport['send'] = function (this: McpTransport, message, ...rest) {
    if (message.method !== undefined) {
      return sendTraced('producer', message, (carrying) => send.call(this, carrying, ...rest));
    }
    OpenRequest.answer(message);
    return send.call(this, message, ...rest);
  };
  Reflect.set(transport, 'send', Object.assign(traced, { [TRACED]: true }));
}

/** Sends a message as a span of the current trace, unless its sender has given it one. */
function sendTraced<T>(
  kind: SpanKind,
  message: McpMessage,
  send: (message: McpMessage) => Promise<T>,
): Promise<T> {
  const trace = currentTrace();
  const host = trace === undefined ? undefined : applicationOfTrace(trace);
  if (trace === undefined || host === undefined || metaOf(message)['traceparent'] !== undefined) {
    return send(message);
  }
  const span = host.openSpan(spanOf(kind, message));
  const carrying = withTrace(message, trace, span);
  if (span === undefined) return send(carrying);
  const sent = runWithSpan(span, () => send(carrying));
  endWith(sent, span);
  return sent;
}

/** The keys are the only ones that need no prefix. Ids of our own are not for everybody. */
function withTrace(message: McpMessage, trace: Trace, span: Span | undefined): McpMessage {
  const params = (message.params ?? {}) as { _meta?: Record<string, unknown> };
  return {
    ...message,
    params: { ...params, _meta: withHeaders(params._meta, w3cHeaders(trace, span?.spanId)) },
  };
}

function endWith(sent: Promise<unknown>, span: Span): void {
  // A transport of somebody's own may not return a promise.
  Promise.resolve(sent).then(
    (result) => (isFailure({ result }) ? span.fail() : span.end()),
    (error: unknown) => span.fail(error),
  );
}

/** @see https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/ */
function spanOf(kind: SpanKind, message: McpMessage): SpanStart {
  const method = methodOf(message);
  const target = targetOf(message);
  const tool = toolOf(message);
  return {
    name: target === undefined ? method : `${method} ${target}`,
    kind,
    attributes: {
      'mcp.method.name': method,
      ...(tool !== undefined && { 'gen_ai.tool.name': tool }),
    },
  };
}
