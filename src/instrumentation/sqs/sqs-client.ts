import { currentTrace } from '../../context/active-trace.js';
import type { SpanStart } from '../../records/span-record.js';
import { runCovered } from '../../spans/client-call.js';
import { allHeaders, type TraceHeaders } from '../../trace/propagation.js';
import { noteSent } from '../../trace/sent-names.js';
import type { Span } from '../../trace/span.js';
import { applicationOfTrace } from '../instrumented-applications.js';
import { copiedNames } from '../outgoing-headers.js';
import { definePatch } from '../patch.js';
import { hasMethods } from '../provided-class.js';
import { MAX_NOTED } from '../sent-jobs.js';

/** A client of AWS's SDK, as far as commands are sent with it. */
export interface SqsClient {
  send: Send;
}

type Send = (command: unknown, ...rest: unknown[]) => unknown;

/** An attribute of a message. */
interface MessageAttribute {
  readonly DataType?: unknown;
  readonly StringValue?: unknown;
  readonly BinaryValue?: unknown;
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute | undefined>>;

/** One message, alone or in a batch. */
interface SentMessage {
  readonly MessageBody: string;
  readonly MessageAttributes?: MessageAttributes | null | undefined;
}

interface SentBatch {
  readonly Entries: readonly unknown[];
}

/** A command that sends messages. */
interface SendCommand {
  readonly input: { readonly QueueUrl?: unknown } & (SentMessage | SentBatch);
}

const SEND = definePatch({
  package: '@aws-sdk/client-sqs',
  target: 'SQSClient.prototype.send',
  gives: 'a span for each call that sends messages, and its trace in their attributes',
  without: 'messages of SQS do not carry the trace of what sends them',
  why: 'the middleware stack, which is public, belongs to one client, and clients are made at any time',
});

/** What a message may have. */
const MAX_ATTRIBUTES = 10;
/** The most that a message or a batch may hold, in bytes: now and before August 2025. */
const SIZES: readonly number[] = [1_048_576, 262_144];
/** In the order in which they are left out last. `tracestate` and `baggage` need a `traceparent`. */
export const CARRIED: readonly string[] = [
  'traceparent',
  'x-request-id',
  'x-session-id',
  'tracestate',
  'baggage',
  'x-debug-level',
];

/** Whether a value is a client of SQS: as all clients of the SDK do, it says which service it is for. */
export function isSqsClient(value: object): value is SqsClient {
  if (!hasMethods(value, 'send', 'destroy')) return false;
  const { config } = value as { config?: { serviceId?: unknown } };
  return config?.serviceId === 'SQS';
}

/**
 * Lets all clients of a class send the trace in which they are used.
 *
 * @param client a client, or the prototype of its class. `send` itself is shared by the clients of
 *   all services.
 */
export function traceSending(client: SqsClient): void {
  SEND.method(
    classOf(client),
    'send',
    (send) =>
      function (this: SqsClient, command, ...rest) {
        const trace = currentTrace();
        const application = trace === undefined ? undefined : applicationOfTrace(trace);
        if (trace === undefined || application === undefined || !isSendCommand(command)) {
          return send.call(this, command, ...rest) as unknown;
        }
        const { input } = command;
        const queue = queueName(input.QueueUrl) ?? 'sqs';
        noteSent(trace, 'sqs', queue);
        const span = application.openSpan(spanOf(queue, input));
        const headers = allHeaders(trace, span?.spanId);
        // The command is the application's, which may send it again.
        const carried = Object.assign(
          Object.create(Object.getPrototypeOf(command) as object) as object,
          command,
          { input: carry(input, headers) },
        );
        return runCovered(span, () => followed(send.bind(this), carried, rest, span));
      },
  );
}

/** The prototype that is below the one of all services, which has the `send` of the SDK. */
function classOf(client: SqsClient): SqsClient {
  let owner: object = client;
  let below: object = client;
  let last: object = client;
  for (let next: object | null = client; next !== null;) {
    if (Object.hasOwn(next, 'send')) [owner, below] = [next, last];
    last = next;
    next = Object.getPrototypeOf(next) as object | null;
  }
  // A class of its own, such as one of a test, has no other below it.
  const isInstance = below === client && !Object.hasOwn(client, 'constructor');
  return (isInstance ? owner : below) as SqsClient;
}

/** The name of a queue, the last part of its URL. */
export function queueName(url: unknown): string | undefined {
  return typeof url === 'string' ? /[^/]+(?=\/*$)/.exec(url)?.[0] : undefined;
}

/** By what it holds: bundlers rename classes. */
function isSendCommand(command: unknown): command is SendCommand {
  const { input } = Object(command) as { input?: unknown };
  if (typeof input !== 'object' || input === null) return false;
  if (isMessage(input)) return true;
  const { Entries: entries } = input as Partial<SentBatch>;
  return Array.isArray(entries) && entries.some(isMessage);
}

function isMessage(value: unknown): value is SentMessage {
  const { MessageBody: body } = Object(value) as Partial<SentMessage>;
  return typeof body === 'string';
}

function carry(input: SendCommand['input'], headers: TraceHeaders): SendCommand['input'] {
  if (isMessage(input)) return fits([input], headers) ? withAttributes(input, headers) : input;
  const entries = input.Entries;
  if (!fits(entries.filter(isMessage), headers)) return input;
  return {
    ...input,
    Entries: entries.map((one) => (isMessage(one) ? withAttributes(one, headers) : one)),
  };
}

/** A copy of a message with the headers that it has room for. Its own attributes stay. */
function withAttributes<T extends SentMessage>(message: T, headers: TraceHeaders): T {
  const given = message.MessageAttributes ?? {};
  const copied = copiedNames((name) =>
    Object.hasOwn(given, name) ? given[name]?.StringValue : undefined,
  );
  const attributes: Record<string, MessageAttribute | undefined> = { ...given };
  for (const name of copied) delete attributes[name];
  const isTraced = Object.hasOwn(attributes, 'traceparent');
  for (const name of CARRIED) {
    const value = headers[name];
    if (value === undefined || value === '' || Object.hasOwn(attributes, name)) continue;
    // They belong to the trace of our `traceparent`.
    if (isTraced && ['tracestate', 'baggage'].includes(name)) continue;
    if (Object.keys(attributes).length >= MAX_ATTRIBUTES) break;
    attributes[name] = { DataType: 'String', StringValue: value };
  }
  return { ...message, MessageAttributes: attributes };
}

/** Whether what is sent together is not too large only because of the headers. */
function fits(messages: readonly SentMessage[], headers: TraceHeaders): boolean {
  const own = Object.entries(headers).reduce(
    (sum, [name, value]) => sum + name.length + 'String'.length + value.length,
    0,
  );
  const size = messages.reduce((sum, message) => sum + sizeOf(message), 0);
  return SIZES.every((limit) => size > limit || size + own * messages.length <= limit);
}

function sizeOf({ MessageBody: body, MessageAttributes: attributes }: SentMessage): number {
  let size = Buffer.byteLength(body);
  for (const [name, attribute] of Object.entries(attributes ?? {})) {
    const { DataType: type, StringValue: text, BinaryValue: bytes } = attribute ?? {};
    size += Buffer.byteLength(name) + (typeof type === 'string' ? type.length : 0);
    if (typeof text === 'string') size += Buffer.byteLength(text);
    if (ArrayBuffer.isView(bytes)) size += bytes.byteLength;
  }
  return size;
}

/** Sends, and ends the span with the answer, which the SDK gives to a callback or in a promise. */
function followed(
  send: Send,
  command: object,
  rest: readonly unknown[],
  span: Span | undefined,
): unknown {
  const callback = rest.at(-1);
  try {
    if (typeof callback === 'function') {
      const called = (...answer: unknown[]): unknown => {
        const [error] = answer;
        if (error === undefined || error === null) span?.end();
        else span?.fail(error);
        return Reflect.apply(callback, undefined, answer);
      };
      return send(command, ...rest.slice(0, -1), called);
    }
    const sending = send(command, ...rest);
    Promise.resolve(sending).then(
      () => span?.end(),
      (error: unknown) => span?.fail(error),
    );
    return sending;
  } catch (error) {
    span?.fail(error);
    throw error;
  }
}

/** @see https://opentelemetry.io/docs/specs/semconv/messaging/sqs/ */
function spanOf(queue: string, input: SendCommand['input']): SpanStart {
  const count = isMessage(input) ? 1 : Math.min(input.Entries.length, MAX_NOTED);
  return {
    name: `send ${queue}`,
    kind: 'producer',
    attributes: {
      'messaging.system': 'aws_sqs',
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'messaging.destination.name': queue,
      ...(!isMessage(input) && { 'messaging.batch.message_count': count }),
    },
  };
}
