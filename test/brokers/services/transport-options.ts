import {
  Transport,
  type ClientOptions,
  type ClientProxy,
  type RmqOptions,
} from '@nestjs/microservices';
import type { MqttClient } from 'mqtt';

const { TRANSPORT, BROKER_URL = '', SCOPE = '', QUEUE_TYPE, NO_ACK } = process.env;

/** A name that no other test uses on the same broker. */
export function scoped(name: string): string {
  return `${SCOPE}-${name}`;
}

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

/** Connects a client, so that the first message does not have to. */
export async function connectClient(client: ClientProxy): Promise<void> {
  await client.connect();
  if (TRANSPORT !== 'mqtt5' && TRANSPORT !== 'mqtt3') return;
  // NestJS leaves the topic of answers when it knows of no more that are due. It does not know of
  // a request whose subscription is just being acknowledged, whose answer is lost, with or without
  // tracing.
  const mqtt = client.unwrap<MqttClient>();
  mqtt.unsubscribe = () => mqtt;
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
