import { AsyncLocalStorage } from 'node:async_hooks';
import type { Observable } from 'rxjs';
import type { OpenSpan } from '../../context/traced-application.js';
import { guardCallback } from '../../options/guard-callback.js';
import type { SpanStart } from '../../records/span-record.js';
import { definePatch } from '../patch.js';
import { spanIdInMessage } from './manual-traceparent.js';
import { CARRIERS, carryInPacket, type MessageClient } from './inject-headers.js';
import { emitTraced, sendTraced } from './sent-message.js';

/** NestJS's clients, by the names of their classes. */
export type ClientClasses = Readonly<Partial<Record<ClientName, { readonly prototype: Client }>>>;

type ClientName =
  | 'ClientProxy'
  | 'ClientTCP'
  | 'ClientRedis'
  | 'ClientNats'
  | 'ClientMqtt'
  | 'ClientRMQ'
  | 'ClientKafka';

interface Client extends MessageClient {
  connect(): unknown;
  send: Send;
  emit: Send;
  /** Of Kafka alone. */
  emitBatch: Send;
  normalizePattern?(pattern: unknown): string;
}

type Send = (this: Client, pattern: unknown, data: unknown) => Observable<unknown>;

/** Prepares a client when it is first used, and names its transport. */
type PrepareClient = (client: Client) => string;

const MESSAGES = definePatch({
  package: '@nestjs/microservices',
  target: 'ClientProxy.prototype.send and emit',
  gives: 'a span for each message that is sent, and the trace in it',
  without: 'messages that are sent have no span and carry no trace',
  why: 'the dispatch hook of NestJS 12 sees the packet and not the observable, so a span made there would have no end; and it is set for one client at a time, with no hook that lists the clients',
});
const BATCHES = definePatch({
  package: '@nestjs/microservices',
  target: 'ClientKafka.prototype.emitBatch',
  gives: 'a span for each batch of Kafka messages that is sent, and the trace in each of them',
  without: 'batches of Kafka messages have no span and carry no trace',
  why: 'NestJS calls no dispatch hook for a batch',
});
const CONNECTIONS = definePatch({
  package: '@nestjs/microservices',
  target: 'ClientProxy#connect',
  gives: 'connections outside the context of the message that opened them',
  without: 'what a connection logs has the ids of the message that opened it',
  why: 'NestJS has no hook for it',
});

const TRANSPORT_OF_CLASS: readonly (readonly [ClientName, string])[] = [
  ['ClientTCP', 'tcp'],
  ['ClientRedis', 'redis'],
  ['ClientNats', 'nats'],
  ['ClientMqtt', 'mqtt'],
  ['ClientRMQ', 'rabbitmq'],
  ['ClientKafka', 'kafka'],
];

/** The clients that are prepared, and their transports. */
const transports = new WeakMap<Client, string>();

/**
 * Lets every client carry the trace in which it is used, wherever the application has it from.
 * Each message is a span.
 */
export function traceMessageClients(classes: ClientClasses, openSpan: OpenSpan): void {
  const prepare = clientPreparer(classes);
  const proxy = classes.ClientProxy?.prototype;
  const kafka = classes.ClientKafka?.prototype;
  MESSAGES.method(proxy, 'send', (send) => tracedSend(send, prepare, openSpan));
  MESSAGES.method(proxy, 'emit', (emit) => tracedEmit(emit, prepare, openSpan));
  BATCHES.method(kafka, 'emitBatch', (emitBatch) => tracedEmit(emitBatch, prepare, openSpan));
}

function tracedSend(send: Send, prepare: PrepareClient, openSpan: OpenSpan): Send {
  return function (pattern, data) {
    const request = send.call(this, pattern, data);
    if (!isMessage(pattern, data)) return request;
    const transport = prepare(this);
    return sendTraced(openSpan, () => spanOf('send', this, transport, pattern, data), request);
  };
}

function tracedEmit(emit: Send, prepare: PrepareClient, openSpan: OpenSpan): Send {
  return function (pattern, data) {
    const emitNow = (): Observable<unknown> => emit.call(this, pattern, data);
    if (!isMessage(pattern, data)) return emitNow();
    const transport = prepare(this);
    return emitTraced(openSpan, () => spanOf('emit', this, transport, pattern, data), emitNow);
  };
}

function clientPreparer(classes: ClientClasses): PrepareClient {
  const outside = AsyncLocalStorage.snapshot();
  return (client) => {
    const known = transports.get(client);
    if (known !== undefined) return known;
    const transport = transportOf(client, classes);
    transports.set(client, transport);
    connectOutside(client, outside);
    (CARRIERS[transport] ?? carryInPacket)(client);
    return transport;
  };
}

/** NestJS refuses all other calls. */
function isMessage(pattern: unknown, data: unknown): boolean {
  return pattern !== undefined && pattern !== null && data !== undefined && data !== null;
}

/**
 * The first message opens the connection. The connection outlives that message by far, so what it
 * logs and what arrives over it must not be in that message's context.
 */
function connectOutside(
  client: Client,
  outside: ReturnType<typeof AsyncLocalStorage.snapshot>,
): void {
  CONNECTIONS.methodOfInstance(
    client,
    'connect',
    (connect) =>
      function (this: Client) {
        return outside(() => connect.call(this));
      },
  );
}

function transportOf(client: Client, classes: ClientClasses): string {
  const found = TRANSPORT_OF_CLASS.find(([name]) => {
    const known = classes[name];
    return known !== undefined && Object.prototype.isPrototypeOf.call(known.prototype, client);
  });
  return found?.[1] ?? client.constructor.name;
}

/** A custom client may take patterns that are no JSON. */
const patternText = guardCallback(
  'a message pattern',
  (client: Client, pattern: unknown): string | undefined =>
    client.normalizePattern?.(pattern) ?? JSON.stringify(pattern),
);

/** @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/ */
function spanOf(
  operation: 'send' | 'emit',
  client: Client,
  transport: string,
  pattern: unknown,
  data: unknown,
): SpanStart {
  const name = patternText(client, pattern) ?? 'unknown';
  return {
    name: `${operation} ${name}`,
    kind: operation === 'send' ? 'client' : 'producer',
    spanId: spanIdInMessage(data),
    attributes: {
      'messaging.system': transport,
      'messaging.destination.name': name,
      'messaging.operation.name': operation,
      'messaging.operation.type': 'send',
    },
  };
}
