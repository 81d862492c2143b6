import { types } from 'node:util';
import { currentTrace } from '../../context/active-trace.js';
import { guardCallback } from '../../options/guard-callback.js';
import type { TraceHeaders } from '../../trace/propagation.js';
import type { Trace } from '../../trace/trace.js';
import { definePatch, type Patch } from '../patch.js';
import { markedHeaders, removeCopied, withMarkedHeaders } from './carried-headers.js';
import { chainDispatchHook, type HookedClient, type Packet } from './dispatch-hook.js';
import { overrideMethod, type AnyMethod } from './method-proxy.js';
import { headersToSend } from './sent-message.js';

/** The parts of a client that a message passes through. */
export interface MessageClient extends HookedClient {
  readonly options?: { readonly protocolVersion?: number };
  publish: AnyMethod;
  dispatchEvent: AnyMethod;
  serializer?: Serializer;
  /** RabbitMQ and NATS: merges a message's own headers with those of the client's options. */
  mergeHeaders?: AnyMethod;
  /** MQTT: the same for the options of a message. */
  mergePacketOptions?: AnyMethod;
}

interface Serializer {
  serialize: AnyMethod;
}

/** The headers of NATS, which are not a plain object. */
interface NatsHeaders {
  keys(): Iterable<string>;
  values(name: string): readonly string[];
  has(name: string): boolean;
  append(name: string, value: string): void;
  delete(name: string): void;
}

interface MqttOptions {
  readonly properties?: { readonly userProperties?: Record<string, unknown> };
}

/** The headers of a message that is to be published later, and the trace that they are of. */
interface Waiting {
  readonly headers: TraceHeaders;
  readonly trace: Trace | undefined;
}

interface KafkaMessage {
  readonly headers?: Record<string, unknown>;
}

const NO_HOOK_FOR_HEADERS =
  'the dispatch hook of NestJS 12 may set `metadata` only, which travels in the body; and a record with headers in place of the data would reach the custom serializers of applications';

const PACKETS = definePatch({
  package: '@nestjs/microservices',
  target: 'ClientProxy#publish and #dispatchEvent',
  gives: 'the trace in the `metadata` of each packet, for transports without headers (NestJS 11)',
  without: 'messages carry no trace over transports without headers',
  why: 'NestJS 11 has no dispatch hook',
});
const RABBITMQ = definePatch({
  package: '@nestjs/microservices',
  target: 'ClientRMQ#mergeHeaders',
  gives: 'the trace in the headers of RabbitMQ messages',
  without: 'messages over RabbitMQ carry no trace',
  why: NO_HOOK_FOR_HEADERS,
});
const NATS = definePatch({
  package: '@nestjs/microservices',
  target: 'ClientNats#mergeHeaders',
  gives: 'the trace in the headers of NATS messages',
  without: 'messages over NATS carry no trace',
  why: NO_HOOK_FOR_HEADERS,
});
const MQTT = definePatch({
  package: '@nestjs/microservices',
  target: 'ClientMqtt#serializer and #mergePacketOptions',
  gives: 'the trace in the user properties of MQTT 5 messages',
  without: 'messages over MQTT 5 carry no trace',
  why: NO_HOOK_FOR_HEADERS,
});
const KAFKA = definePatch({
  package: '@nestjs/microservices',
  target: 'ClientKafka#serializer',
  gives: 'the trace in the headers of Kafka messages',
  without: 'messages over Kafka carry no trace',
  why: NO_HOOK_FOR_HEADERS,
});

/** By the names of the transports. All others carry the trace inside the packet. */
export const CARRIERS: Readonly<Record<string, (client: MessageClient) => void>> = {
  rabbitmq: carryInRabbitHeaders,
  nats: carryInNatsHeaders,
  mqtt: carryInMqtt,
  kafka: carryInKafkaHeaders,
};

/**
 * Puts the trace into the packet's `metadata`, NestJS 12's own place for what travels beside the
 * data. What a dispatch hook of the application put there stays.
 */
export function carryInPacket(client: MessageClient): void {
  beforeSending(client, (packet, headers) => {
    const { metadata } = packet;
    const isRecord = metadata === undefined || Object(metadata) === metadata;
    if (isRecord) packet.metadata = withMarkedHeaders(metadata as Record<string, unknown>, headers);
  });
}

function carryInRabbitHeaders(client: MessageClient): void {
  RABBITMQ.methodOfInstance(
    client,
    'mergeHeaders',
    (merge) =>
      function (this: MessageClient, ...args) {
        const merged = merge.apply(this, args) as Record<string, unknown> | undefined;
        const headers = headersToSend();
        return headers === undefined ? merged : withMarkedHeaders(merged, headers);
      },
  );
}

function carryInNatsHeaders(client: MessageClient): void {
  NATS.methodOfInstance(client, 'mergeHeaders', (merge) => {
    // NestJS makes new headers where the client's options have some and the message has none.
    const make = (): NatsHeaders =>
      merge.call({ options: { headers: {} } }, undefined) as NatsHeaders;
    return function (this: MessageClient, ...args) {
      const merged = merge.apply(this, args) as NatsHeaders | undefined;
      const headers = headersToSend();
      if (headers === undefined) return merged;
      const carried = NATS.read('headers to fill', make);
      return (carried && withNatsHeaders(carried, merged, headers)) ?? merged;
    };
  });
}

/** Setting a header throws for an id that the application's validator accepts and NATS does not. */
const withNatsHeaders = guardCallback(
  'NATS headers',
  (carried: NatsHeaders, given: NatsHeaders | undefined, headers: TraceHeaders): NatsHeaders => {
    for (const name of given?.keys() ?? []) {
      for (const value of given?.values(name) ?? []) carried.append(name, value);
    }
    const mark = removeCopied({
      read: (name) => carried.values(name),
      remove: (name) => carried.delete(name),
    });
    const isAlone = given === undefined || (mark?.isAlone === true && isEmpty(carried));
    const missing = markedHeaders(headers, (name) => carried.has(name), isAlone);
    for (const [name, value] of Object.entries(missing)) carried.append(name, value);
    return carried;
  },
);

function isEmpty(headers: NatsHeaders): boolean {
  return [...headers.keys()].length === 0;
}

/** Before MQTT 5 a message has no properties. */
function carryInMqtt(client: MessageClient): void {
  if (client.options?.protocolVersion !== 5) return carryInPacket(client);
  // A request is published when the broker has acknowledged the subscription for its answer, in
  // the context of the connection. NestJS asks for the options right after it has serialized the
  // packet, so the headers are kept by packet until then.
  const waiting = new WeakMap<Packet, Waiting>();
  let sending: Waiting | undefined;
  const isSerialized = overrideSerialize(MQTT, client, (serialize) => (packet, ...rest) => {
    sending = waiting.get(Object(packet) as Packet);
    return serialize(packet, ...rest);
  });
  const hasOptions = MQTT.methodOfInstance(
    client,
    'mergePacketOptions',
    (merge) =>
      function (this: MessageClient, ...args) {
        const merged = merge.apply(this, args) as MqttOptions | undefined;
        if (sending === undefined) return merged;
        const { headers, trace } = sending;
        const userProperties = withMarkedHeaders(
          merged?.properties?.userProperties,
          headers,
          trace,
        );
        return { ...merged, properties: { ...merged?.properties, userProperties } };
      },
  );
  if (isSerialized && hasOptions) {
    beforeSending(client, (packet, headers) => {
      waiting.set(packet, { headers, trace: currentTrace() });
    });
  }
}

function carryInKafkaHeaders(client: MessageClient): void {
  overrideSerialize(KAFKA, client, (serialize) => (...args) => {
    const headers = headersToSend();
    const trace = currentTrace();
    const serialized = serialize(...args);
    if (headers === undefined) return serialized;
    const carry = (value: unknown): unknown => {
      const message = value as KafkaMessage;
      return { ...message, headers: withMarkedHeaders(message.headers, headers, trace) };
    };
    return types.isPromise(serialized) ? serialized.then(carry) : carry(serialized);
  });
}

/** Gives a client a serializer of its own: the one that it has may be another client's too. */
function overrideSerialize(
  patch: Patch,
  client: MessageClient,
  wrap: (serialize: AnyMethod) => AnyMethod,
): boolean {
  const serializer = patch.read('serializer', () => client.serializer);
  if (serializer === undefined) return false;
  if (typeof serializer.serialize !== 'function') {
    patch.unsupported('its serializer has no `serialize`');
    return false;
  }
  const serialize: AnyMethod = (...args) => serializer.serialize(...args);
  client.serializer = overrideMethod(serializer, 'serialize', wrap(serialize));
  patch.noteApplied();
  return true;
}

function beforeSending(
  client: MessageClient,
  carry: (packet: Packet, headers: TraceHeaders) => void,
): void {
  const carryIn = (packet: Packet): void => {
    const headers = headersToSend();
    if (headers !== undefined) carry(packet, headers);
  };
  if (chainDispatchHook(client, carryIn)) return;
  for (const name of ['publish', 'dispatchEvent'] as const) {
    PACKETS.methodOfInstance(
      client,
      name,
      (send) =>
        function (this: MessageClient, packet, ...rest) {
          carryIn(packet as Packet);
          return send.call(this, packet, ...rest);
        },
    );
  }
}
