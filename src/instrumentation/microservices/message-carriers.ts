import { types } from 'node:util';
import { guardCallback } from '../../options/guard-callback.js';
import type { TraceHeaders } from '../../trace/propagation.js';
import { missingHeaders, withHeaders } from '../outgoing-headers.js';
import { headersToSend } from './sent-message.js';
import { withMethod, type AnyMethod } from './with-method.js';

/** The parts of a client that a message passes through. */
export interface MessageClient {
  readonly options?: { readonly protocolVersion?: number };
  publish: AnyMethod;
  dispatchEvent: AnyMethod;
  serializer: { serialize: AnyMethod };
  /** Of RabbitMQ and NATS: a message's own headers and those of the client's options. */
  mergeHeaders?(given: unknown): unknown;
  /** Of MQTT: the same for the options of a message. */
  mergePacketOptions?(given: unknown): unknown;
}

interface Packet {
  metadata?: unknown;
}

/** The headers of NATS, which are no plain object. */
interface NatsHeaders {
  keys(): Iterable<string>;
  values(name: string): readonly string[];
  has(name: string): boolean;
  append(name: string, value: string): void;
}

interface MqttOptions {
  readonly properties?: { readonly userProperties?: Record<string, unknown> };
}

interface KafkaMessage {
  readonly headers?: Record<string, unknown>;
}

/** By the names of the transports; all others carry the trace inside the packet. */
export const CARRIERS: Readonly<Record<string, (client: MessageClient) => void>> = {
  rabbitmq: carryInRabbitHeaders,
  nats: carryInNatsHeaders,
  mqtt: carryInMqtt,
  kafka: carryInKafkaHeaders,
};

/**
 * `metadata` of the packet, which is NestJS 12's own place for what travels beside the data. What
 * a dispatch hook put there stays.
 */
export function carryInPacket(client: MessageClient): void {
  beforeSending(client, (packet, headers) => {
    const { metadata } = packet;
    const isRecord = metadata === undefined || Object(metadata) === metadata;
    if (isRecord) packet.metadata = withHeaders(metadata as Record<string, unknown>, headers);
  });
}

function carryInRabbitHeaders(client: MessageClient): void {
  const { mergeHeaders } = client;
  if (mergeHeaders === undefined) return;
  client.mergeHeaders = function (given) {
    const merged = mergeHeaders.call(this, given) as Record<string, unknown> | undefined;
    const headers = headersToSend();
    return headers === undefined ? merged : withHeaders(merged, headers);
  };
}

function carryInNatsHeaders(client: MessageClient): void {
  const { mergeHeaders } = client;
  if (mergeHeaders === undefined) return;
  // NestJS makes new headers where a message has none but the options of its client have.
  const make = (): NatsHeaders =>
    mergeHeaders.call({ options: { headers: {} } }, undefined) as NatsHeaders;
  client.mergeHeaders = function (given) {
    const merged = mergeHeaders.call(this, given) as NatsHeaders | undefined;
    const headers = headersToSend();
    return headers === undefined ? merged : (withNatsHeaders(make, merged, headers) ?? merged);
  };
}

/** They throw where a validator of the user's own let through what cannot stand in a header. */
const withNatsHeaders = guardCallback(
  'NATS headers',
  (make: () => NatsHeaders, given: NatsHeaders | undefined, headers: TraceHeaders): NatsHeaders => {
    const carried = make();
    for (const name of given?.keys() ?? []) {
      for (const value of given?.values(name) ?? []) carried.append(name, value);
    }
    const missing = missingHeaders(headers, (name) => carried.has(name));
    for (const [name, value] of Object.entries(missing)) carried.append(name, value);
    return carried;
  },
);

/** Before MQTT 5 a message has no properties. */
function carryInMqtt(client: MessageClient): void {
  const { mergePacketOptions, serializer, options } = client;
  if (options?.protocolVersion !== 5 || mergePacketOptions === undefined) {
    return carryInPacket(client);
  }
  // A request is published when the broker has acknowledged the subscription for its answer, in
  // the context of the connection. NestJS asks for the options right after it has serialized it.
  const waiting = new WeakMap<Packet, TraceHeaders>();
  let headers: TraceHeaders | undefined;
  beforeSending(client, (packet, toSend) => void waiting.set(packet, toSend));
  client.serializer = withMethod(serializer, 'serialize', (packet, ...rest) => {
    headers = waiting.get(packet as Packet);
    return serializer.serialize(packet, ...rest);
  });
  client.mergePacketOptions = function (given) {
    const merged = mergePacketOptions.call(this, given) as MqttOptions | undefined;
    if (headers === undefined) return merged;
    const userProperties = withHeaders(merged?.properties?.userProperties, headers);
    return { ...merged, properties: { ...merged?.properties, userProperties } };
  };
}

function carryInKafkaHeaders(client: MessageClient): void {
  const { serializer } = client;
  client.serializer = withMethod(serializer, 'serialize', (...args) => {
    const headers = headersToSend();
    const serialized = serializer.serialize(...args);
    if (headers === undefined) return serialized;
    const carry = (value: unknown): unknown => {
      const message = value as KafkaMessage;
      return { ...message, headers: withHeaders(message.headers, headers) };
    };
    return types.isPromise(serialized) ? serialized.then(carry) : carry(serialized);
  });
}

function beforeSending(
  client: MessageClient,
  carry: (packet: Packet, headers: TraceHeaders) => void,
): void {
  for (const name of ['publish', 'dispatchEvent'] as const) {
    const original = client[name];
    client[name] = function (this: unknown, packet, ...rest) {
      const headers = headersToSend();
      if (headers !== undefined) carry(packet as Packet, headers);
      return original.call(this, packet, ...rest);
    };
  }
}
