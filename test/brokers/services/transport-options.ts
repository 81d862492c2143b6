import {
  ClientKafka,
  Transport,
  type ClientOptions,
  type ClientProxy,
  type KafkaOptions,
  type RmqOptions,
} from '@nestjs/microservices';
import type { MqttClient } from 'mqtt';
import { scoped } from './scope.js';

const { TRANSPORT, BROKER_URL = '', QUEUE_TYPE, NO_ACK } = process.env;

/** How a service listens, and how others reach it. */
export function transportTo(service: string): ClientOptions {
  const { hostname, port } = new URL(BROKER_URL);
  switch (TRANSPORT) {
    case 'redis':
      return {
        transport: Transport.REDIS,
        options: { host: hostname, port: Number(port), retryAttempts: 1000, retryDelay: 50 },
      };
    case 'nats':
      return {
        transport: Transport.NATS,
        options: { servers: [BROKER_URL], reconnectTimeWait: 50, maxReconnectAttempts: -1 },
      };
    case 'rabbitmq':
      return { transport: Transport.RMQ, options: rabbitOptions(service) };
    case 'kafka':
      return { transport: Transport.KAFKA, options: kafkaOptions(service) };
    case 'mqtt5':
      return { transport: Transport.MQTT, options: mqttOptions(5) };
    case 'mqtt3':
      return { transport: Transport.MQTT, options: mqttOptions(4) };
    default:
      throw new Error(`TRANSPORT=${TRANSPORT}`);
  }
}

/** The same for the server, whose queue may want every message acknowledged. */
export function listenAs(service: string): ClientOptions {
  const { transport, options } = transportTo(service);
  return NO_ACK === 'false'
    ? ({ transport, options: { ...options, noAck: false } } as RmqOptions)
    : ({ transport, options } as ClientOptions);
}

/**
 * Connects a client, so that the first message does not have to.
 *
 * @param asked what it sends requests to: Kafka has to know before.
 */
export async function connectClient(client: object, ...asked: string[]): Promise<void> {
  if (client instanceof ClientKafka) {
    for (const name of asked) client.subscribeToResponseOf(scoped(name));
    await client.connect();
    return;
  }
  await connectProxy(client as ClientProxy);
}

async function connectProxy(client: ClientProxy): Promise<void> {
  await client.connect();
  if (TRANSPORT !== 'mqtt5' && TRANSPORT !== 'mqtt3') return;
  // NestJS leaves the topic of answers when it knows of no more that are due. It does not know of
  // a request whose subscription is just being acknowledged, whose answer is lost, with or without
  // tracing.
  const mqtt = client.unwrap<MqttClient>();
  mqtt.unsubscribe = () => mqtt;
}

function kafkaOptions(service: string): KafkaOptions['options'] {
  return {
    client: {
      clientId: scoped(service),
      brokers: [new URL(BROKER_URL).host],
      retry: { initialRetryTime: 20, maxRetryTime: 100 },
    },
    // Its retries are counted from its start on, and when they are used up it joins the group anew.
    consumer: { groupId: scoped(service), maxWaitTimeInMs: 20, retry: { retries: 1000 } },
    run: { partitionsConsumedConcurrently: 4 },
    // What is sent before a group has come together counts too.
    subscribe: { fromBeginning: true },
  };
}

function rabbitOptions(service: string): RmqOptions['options'] {
  return {
    urls: [BROKER_URL],
    queue: scoped(service),
    queueOptions: {
      durable: true,
      // Queues expire, since the broker may be in use otherwise.
      expires: 60_000,
      ...(QUEUE_TYPE !== undefined && { arguments: { 'x-queue-type': QUEUE_TYPE } }),
    },
    socketOptions: { reconnectTimeInSeconds: 1 },
  };
}

/** The protocol's own number: 4 is version 3.1.1. */
function mqttOptions(protocolVersion: 4 | 5) {
  return { url: BROKER_URL, protocolVersion, reconnectPeriod: 50 };
}
