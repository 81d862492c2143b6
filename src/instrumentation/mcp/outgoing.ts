import { currentTrace } from '../../context/active-trace.js';
import { runWithSpan } from '../../context/trace-store.js';
import type { SpanKind, SpanStart } from '../../records/span-record.js';
import { w3cHeaders } from '../../trace/propagation.js';
import type { Span } from '../../trace/span.js';
import type { Trace } from '../../trace/trace.js';
import { applicationOfTrace } from '../instrumented-applications.js';
import { withHeaders } from '../outgoing-headers.js';
import type { Connection } from './connection.js';
import {
  cancelledIdOf,
  fieldsOf,
  isRequest,
  metaOf,
  methodOf,
  type McpMessage,
  type SendOptions,
} from './message.js';
import { noteAnswer } from './received-requests.js';

type Send = (message: McpMessage) => Promise<void>;

/** Its answer comes when the stream of events that it asks for ends, which may be days later. */
const LISTEN = 'subscriptions/listen';

/**
 * Sends a message over a connection. A request is a client span until its answer comes, a
 * notification is a producer span until it is sent; both carry the trace in `_meta`, unless their
 * sender has put a trace there.
 */
export function sendTraced(
  connection: Connection,
  message: McpMessage,
  options: SendOptions | undefined,
  send: Send,
): Promise<void> {
  if (message.method === undefined) {
    noteAnswer(message);
    return send(message);
  }
  if (message.method === 'notifications/cancelled') connection.sent.fail(cancelledIdOf(message));
  const trace = currentTrace();
  const application = trace === undefined ? undefined : applicationOfTrace(trace);
  if (trace === undefined || application === undefined) return send(message);
  if (metaOf(message)['traceparent'] !== undefined) return send(message);

  const hasAnswer = isRequest(message) && message.method !== LISTEN;
  const span = application.openSpan(spanOf(hasAnswer ? 'client' : 'producer', message));
  const carrying = withTrace(message, trace, span);
  if (span === undefined) return send(carrying);
  if (hasAnswer) connection.sent.add(message.id, span);
  const sent = runWithSpan(span, () => send(carrying));
  if (hasAnswer) failUnanswered(connection, message.id, sent, options?.requestSignal);
  else endWhenSent(sent, span);
  return sent;
}

/** The keys are the only ones that need no prefix. Our own ids are for trusted services only. */
function withTrace(message: McpMessage, trace: Trace, span: Span | undefined): McpMessage {
  const params = (message.params ?? {}) as { _meta?: Record<string, unknown> };
  return {
    ...message,
    params: { ...params, _meta: withHeaders(params._meta, w3cHeaders(trace, span?.spanId)) },
  };
}

/** Over HTTP, version 2 cancels a request by ending its HTTP request, and sends nothing. */
function failUnanswered(
  { sent }: Connection,
  id: unknown,
  sending: Promise<unknown>,
  signal: AbortSignal | undefined,
): void {
  settled(sending).catch((error: unknown) => sent.fail(id, error));
  signal?.addEventListener('abort', () => sent.fail(id, signal.reason), { once: true });
}

function endWhenSent(sending: Promise<unknown>, span: Span): void {
  settled(sending).then(
    () => span.end(),
    (error: unknown) => span.fail(error),
  );
}

/** A transport that an application has written may return something else than a promise. */
function settled(sending: unknown): Promise<unknown> {
  return Promise.resolve(sending);
}

/** @see https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/ */
function spanOf(kind: SpanKind, message: McpMessage): SpanStart {
  const method = methodOf(message);
  const { mcp_tool: tool, mcp_prompt: prompt, mcp_resource: resource } = fieldsOf(message);
  // A URI has too many values for a name.
  const target = tool ?? prompt;
  return {
    name: target === undefined ? method : `${method} ${target}`,
    kind,
    attributes: {
      'mcp.method.name': method,
      ...(tool !== undefined && { 'gen_ai.tool.name': tool }),
      ...(prompt !== undefined && { 'gen_ai.prompt.name': prompt }),
      ...(resource !== undefined && { 'mcp.resource.uri': resource }),
    },
  };
}
