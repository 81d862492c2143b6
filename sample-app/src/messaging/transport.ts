import { fileURLToPath } from 'node:url';
import {
  Transport,
  type GrpcOptions,
  type MqttOptions,
  type NatsOptions,
  type RedisOptions,
  type RmqOptions,
  type TcpClientOptions,
} from '@nestjs/microservices';
import { HOST, portOf } from '../addresses.js';

/** A service that others send messages to. */
export type Receiver = 'worker' | 'ledger' | 'feed';

type Options =
  TcpClientOptions | RedisOptions | NatsOptions | RmqOptions | MqttOptions | GrpcOptions;

const {
  TRANSPORT = 'tcp',
  REDIS_URL = 'redis://127.0.0.1:6379',
  NATS_URL = 'nats://127.0.0.1:4222',
  RABBITMQ_URL = 'amqp://127.0.0.1:5672',
  MQTT_URL = 'mqtt://127.0.0.1:1883',
} = process.env;

const messagesPort = {
  worker: portOf('WORKER_MESSAGES_PORT'),
  ledger: portOf('LEDGER_MESSAGES_PORT'),
  feed: portOf('FEED_MESSAGES_PORT'),
};

const transports: Record<string, (receiver: Receiver) => Options> = {
  tcp: (receiver) => ({
    transport: Transport.TCP,
    options: { host: HOST, port: messagesPort[receiver] },
  }),
  redis: () => {
    const { hostname, port, username, password } = new URL(REDIS_URL);
    return {
      transport: Transport.REDIS,
      options: { host: hostname, port: Number(port || 6379), username, password },
    };
  },
  nats: (receiver) => ({
    transport: Transport.NATS,
    options: { servers: [NATS_URL], queue: receiver },
  }),
  rmq: (receiver) => ({
    transport: Transport.RMQ,
    options: { urls: [RABBITMQ_URL], queue: `payments-${receiver}` },
  }),
  mqtt: () => ({
    transport: Transport.MQTT,
    options: { url: MQTT_URL, protocolVersion: 5 },
  }),
  grpc: (receiver) => ({
    transport: Transport.GRPC,
    options: {
      url: `${HOST}:${messagesPort[receiver]}`,
      package: 'payments',
      // The same from src/ and from build/.
      protoPath: fileURLToPath(
        new URL('../../../sample-app/proto/payments.proto', import.meta.url),
      ),
    },
  }),
};

export const isGrpc = TRANSPORT === 'grpc';

/** How a service listens, and how the others reach it. */
export function messagesTo(receiver: Receiver): Options {
  return choose(TRANSPORT)(receiver);
}

/** The same for a service that receives events, which gRPC does not support. */
export function eventsTo(receiver: Receiver): Options {
  return choose(isGrpc ? 'tcp' : TRANSPORT)(receiver);
}

function choose(name: string): (receiver: Receiver) => Options {
  if (Object.hasOwn(transports, name)) return transports[name]!;
  throw new Error(`TRANSPORT is "${name}": use ${Object.keys(transports).join(', ')}.`);
}
