import { types } from 'node:util';
import { currentTrace } from '../../context/active-trace.js';
import type { SpanStart } from '../../records/span-record.js';
import { runCovered } from '../../spans/client-call.js';
import { allHeaders, type TraceHeaders } from '../../trace/propagation.js';
import { noteSent } from '../../trace/sent-names.js';
import type { Span } from '../../trace/span.js';
import type { Trace } from '../../trace/trace.js';
import { applicationOfTrace } from '../instrumented-applications.js';
import { withMarkedHeaders } from '../microservices/carried-headers.js';
import { definePatch } from '../patch.js';

/** A connection of `@golevelup/nestjs-rabbitmq`, as far as messages are sent over it. */
export interface PublishingConnection {
  readonly configuration?: { readonly defaultPublishOptions?: PublishOptions };
  publish: Publish;
  request: (options: RequestOptions, ...rest: unknown[]) => Promise<unknown>;
}

/** An application may give anything, also in the place of names. */
export type Publish = (
  exchange: unknown,
  routingKey: unknown,
  message: unknown,
  options?: PublishOptions,
  ...rest: unknown[]
) => unknown;

interface PublishOptions {
  readonly headers?: Readonly<Record<string, unknown>> | null | undefined;
}

interface RequestOptions {
  readonly exchange?: unknown;
  readonly routingKey?: unknown;
}

export const CONNECTION = definePatch({
  package: '@golevelup/nestjs-rabbitmq',
  target: 'the methods of `AmqpConnection` that send messages and set up subscribers',
  gives:
    'a trace and an access log line for each message; a span for each message that is sent, and its trace in the headers',
  without: 'its messages are not traced',
  why: 'the package has no hooks for messages, and an interceptor runs neither for subscribers made by hand nor around the error handlers',
});

/** What answers to a request are sent to: a name of the connection's own follows. */
const REPLIES = 'amq.rabbitmq.reply-to';

/** The headers of the request that is being published, or that an answer is: it has no span. */
let publishing: TraceHeaders | 'answer' | undefined;

/** Lets all connections of a class send the trace in which they are used. */
export function tracePublishing(prototype: PublishingConnection): void {
  CONNECTION.method(prototype, 'publish', (publish) => tracedPublish(publish));
  CONNECTION.method(
    prototype,
    'request',
    (request) =>
      function (this: PublishingConnection, options, ...rest) {
        const { exchange, routingKey } = Object(options) as RequestOptions;
        return sendTraced('request', exchange, routingKey, (headers) =>
          // It publishes before it waits for anything.
          during(headers, () => request.call(this, options, ...rest) as Promise<unknown>),
        );
      },
  );
}

/** Publishes the answer of a handler. It belongs to the request, which has a span of its own. */
export function publishAnswer(
  connection: PublishingConnection,
  args: Parameters<Publish>,
): unknown {
  return during('answer', () => connection.publish(...args));
}

function tracedPublish(publish: Function): Publish {
  return function (this: PublishingConnection, exchange, routingKey, message, options, ...rest) {
    const send = (headers?: TraceHeaders): unknown =>
      publish.call(
        this,
        exchange,
        routingKey,
        message,
        headers === undefined ? options : withTrace(this, options, headers),
        ...rest,
      );
    const request = publishing;
    publishing = undefined;
    if (request === 'answer') return send();
    if (request !== undefined) return send(request);
    return sendTraced('publish', exchange, routingKey, send);
  };
}

function during<T>(what: TraceHeaders | 'answer' | undefined, fn: () => T): T {
  const outer = publishing;
  publishing = what;
  try {
    return fn();
  } finally {
    publishing = outer;
  }
}

function sendTraced<T>(
  operation: 'publish' | 'request',
  exchange: unknown,
  routingKey: unknown,
  send: (headers?: TraceHeaders) => T,
): T {
  const trace = currentTrace();
  const application = trace === undefined ? undefined : applicationOfTrace(trace);
  if (trace === undefined || application === undefined) return send();
  const destination = destinationOf(exchange, routingKey);
  noteSent(trace, 'rabbitmq', destination);
  const span = application.openSpan(spanOf(operation, String(routingKey), destination));
  return endWith(span, () => runCovered(span, () => send(headersOf(trace, span))));
}

const headersOf = (trace: Trace, span: Span | undefined): TraceHeaders =>
  allHeaders(trace, span?.spanId);

/** Ends a span with what a function returns or throws: a serializer may throw at once. */
function endWith<T>(span: Span | undefined, send: () => T): T {
  let sent: T;
  try {
    sent = send();
  } catch (error) {
    span?.fail(error);
    throw error;
  }
  if (types.isPromise(sent)) {
    sent.then(
      () => span?.end(),
      (error: unknown) => span?.fail(error),
    );
  } else {
    span?.end();
  }
  return sent;
}

/** Options without headers leave those of the connection's defaults in place. */
function withTrace(
  { configuration }: PublishingConnection,
  options: PublishOptions | undefined,
  headers: TraceHeaders,
): PublishOptions {
  const isSet = Object.hasOwn(Object(options) as object, 'headers');
  const given = isSet ? options?.headers : configuration?.defaultPublishOptions?.headers;
  return { ...options, headers: withMarkedHeaders(given, headers) };
}

/** The exchange and the routing key, as in `orders/order.created`; of the default exchange the queue. */
function destinationOf(exchange: unknown, routingKey: unknown): string {
  const text = String(routingKey);
  const key = text.startsWith(REPLIES) ? REPLIES : text;
  return exchange === '' ? key : `${String(exchange)}/${key}`;
}

/** @see https://opentelemetry.io/docs/specs/semconv/messaging/rabbitmq/ */
function spanOf(
  operation: 'publish' | 'request',
  routingKey: string,
  destination: string,
): SpanStart {
  return {
    name: `${operation} ${destination}`,
    kind: operation === 'request' ? 'client' : 'producer',
    attributes: {
      'messaging.system': 'rabbitmq',
      'messaging.destination.name': destination,
      'messaging.operation.name': operation,
      'messaging.operation.type': 'send',
      'messaging.rabbitmq.destination.routing_key': routingKey,
    },
  };
}
