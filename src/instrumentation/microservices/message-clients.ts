import { AsyncLocalStorage } from 'node:async_hooks';
import type { Observable } from 'rxjs';
import type { OpenSpan } from '../../context/unit-of-work.js';
import { guardCallback } from '../../options/guard-callback.js';
import type { SpanStart } from '../../records/span-record.js';
import { givenSpanId } from './given-span.js';
import { CARRIERS, carryInPacket, type MessageClient } from './message-carriers.js';
import { emitTraced, sendTraced } from './sent-message.js';

/** NestJS's clients, by the names of their classes. */
export type ClientClasses = Readonly<
  Record<
    | 'ClientProxy'
    | 'ClientTCP'
    | 'ClientRedis'
    | 'ClientNats'
    | 'ClientMqtt'
    | 'ClientRMQ'
    | 'ClientKafka',
    { readonly prototype: ClientProxy }
  >
>;

interface ClientProxy extends MessageClient {
  connect(): unknown;
  send: Send;
  emit: Send;
  /** Of Kafka alone. */
  emitBatch?: Send;
  normalizePattern?(pattern: unknown): string;
}

type Send = (this: ClientProxy, pattern: unknown, data: unknown) => Observable<unknown>;

/** Readies a client when it is first used, and names its transport. */
type Ready = (client: ClientProxy) => string;

/**
 * Lets every client carry the trace in which it is used, from wherever the application has it.
 * Each message is a span.
 */
export function traceClients(classes: ClientClasses, openSpan: OpenSpan): void {
  const ready = clientReadier(classes);
  const { ClientProxy: proxy, ClientKafka: kafka } = classes;
  proxy.prototype.send = tracedSend(proxy.prototype.send, ready, openSpan);
  proxy.prototype.emit = tracedEmit(proxy.prototype.emit, ready, openSpan);
  const { emitBatch } = kafka.prototype;
  if (emitBatch !== undefined) kafka.prototype.emitBatch = tracedEmit(emitBatch, ready, openSpan);
}

function tracedSend(send: Send, ready: Ready, openSpan: OpenSpan): Send {
  return function (pattern, data) {
    const request = send.call(this, pattern, data);
    if (!isMessage(pattern, data)) return request;
    const transport = ready(this);
    return sendTraced(openSpan, () => spanOf('send', this, transport, pattern, data), request);
  };
}

function tracedEmit(emit: Send, ready: Ready, openSpan: OpenSpan): Send {
  return function (pattern, data) {
    const emitNow = (): Observable<unknown> => emit.call(this, pattern, data);
    if (!isMessage(pattern, data)) return emitNow();
    const transport = ready(this);
    return emitTraced(openSpan, () => spanOf('emit', this, transport, pattern, data), emitNow);
  };
}

function clientReadier(classes: ClientClasses): Ready {
  const transportOf = transportNames(classes);
  const outside = AsyncLocalStorage.snapshot();
  const transports = new WeakMap<ClientProxy, string>();
  return (client) => {
    const known = transports.get(client);
    if (known !== undefined) return known;
    const transport = transportOf(client);
    transports.set(client, transport);
    connectOutside(client, outside);
    (CARRIERS[transport] ?? carryInPacket)(client);
    return transport;
  };
}

/** NestJS refuses the others. */
function isMessage(pattern: unknown, data: unknown): boolean {
  return pattern !== undefined && pattern !== null && data !== undefined && data !== null;
}

/**
 * The first message opens the connection. It outlives that message by far, so what it logs, and
 * whatever it brings, must not be in that message's context.
 */
function connectOutside(
  client: ClientProxy,
  outside: ReturnType<typeof AsyncLocalStorage.snapshot>,
): void {
  const { connect } = client;
  client.connect = function () {
    return outside(() => connect.call(this));
  };
}

function transportNames(classes: ClientClasses): (client: ClientProxy) => string {
  const names: readonly (readonly [keyof ClientClasses, string])[] = [
    ['ClientTCP', 'tcp'],
    ['ClientRedis', 'redis'],
    ['ClientNats', 'nats'],
    ['ClientMqtt', 'mqtt'],
    ['ClientRMQ', 'rabbitmq'],
    ['ClientKafka', 'kafka'],
  ];
  return (client) => {
    const found = names.find(([name]) =>
      Object.prototype.isPrototypeOf.call(classes[name].prototype, client),
    );
    return found?.[1] ?? client.constructor.name;
  };
}

/** A custom client may take patterns that are no JSON. */
const patternText = guardCallback(
  'a message pattern',
  (client: ClientProxy, pattern: unknown): string | undefined =>
    client.normalizePattern?.(pattern) ?? JSON.stringify(pattern),
);

/** @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/ */
function spanOf(
  operation: 'send' | 'emit',
  client: ClientProxy,
  transport: string,
  pattern: unknown,
  data: unknown,
): SpanStart {
  const name = patternText(client, pattern) ?? 'unknown';
  return {
    name: `${operation} ${name}`,
    kind: operation === 'send' ? 'client' : 'producer',
    spanId: givenSpanId(data),
    attributes: {
      'messaging.system': transport,
      'messaging.destination.name': name,
      'messaging.operation.name': operation,
      'messaging.operation.type': 'send',
    },
  };
}
