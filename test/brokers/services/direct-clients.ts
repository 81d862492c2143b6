import amqp from 'amqplib';
import { Redis } from 'ioredis';
import { Kafka, logLevel, type IHeaders, type logCreator } from 'kafkajs';
import { Logger } from '@nestjs/common';
import type { TraceContext } from 'nestjs-tracing';
import { Client, Pool, type ClientConfig } from 'pg';
import { scoped } from './scope.js';

/** A client that sends to a broker directly, with whatever it is given as headers. */
export interface Sender {
  send(headers: unknown, payload: object): Promise<unknown>;
  close(): Promise<unknown>;
}

/** What handles the text of a message. */
export type Handle = (text: string) => Promise<unknown>;

/** A client that is used directly: how it sends, and how it consumes with `trace.consume`. */
export interface DirectClient {
  openSender(url: string): Promise<Sender>;
  /** Returns what stops it. */
  consume(url: string, trace: TraceContext, handle: Handle): Promise<() => unknown>;
}

/** Of the topic, queue, stream, list or channel. */
const name = (): string => scoped('orders');
const logger = new Logger('Broker');

/** Writes what kafkajs logs through the logger of the application. */
const toLogger: logCreator =
  () =>
  ({ level, log: { message, ...details } }) => {
    if (level === logLevel.ERROR) logger.error(message, details);
    else logger.log(message, details);
  };

function kafkaOf(url: string): Kafka {
  const retry = { initialRetryTime: 20, maxRetryTime: 100, retries: 1000 };
  return new Kafka({ brokers: [new URL(url).host], logCreator: toLogger, retry });
}

async function kafkaSender(url: string): Promise<Sender> {
  const producer = kafkaOf(url).producer();
  await producer.connect();
  return {
    send: (headers, payload) =>
      producer.send({
        topic: name(),
        messages: [{ value: JSON.stringify(payload), headers: headers as IHeaders }],
      }),
    close: () => producer.disconnect(),
  };
}

async function kafkaConsumer(url: string) {
  const retry = { retries: 1000 };
  const consumer = kafkaOf(url).consumer({ groupId: name(), maxWaitTimeInMs: 20, retry });
  await consumer.connect();
  await consumer.subscribe({ topic: name(), fromBeginning: true });
  return consumer;
}

const KAFKA: DirectClient = {
  openSender: kafkaSender,
  async consume(url, trace, handle) {
    const consumer = await kafkaConsumer(url);
    await consumer.run({
      partitionsConsumedConcurrently: 4,
      eachMessage: ({ topic, message }) =>
        trace.consume(message.headers, { transport: 'kafka', pattern: topic }, async () => {
          await handle(String(message.value));
        }),
    });
    return () => consumer.disconnect();
  },
};

const KAFKA_BATCHES: DirectClient = {
  openSender: kafkaSender,
  async consume(url, trace, handle) {
    const consumer = await kafkaConsumer(url);
    await consumer.run({
      partitionsConsumedConcurrently: 4,
      async eachBatch({ batch, resolveOffset, heartbeat }) {
        for (const message of batch.messages) {
          const work = { transport: 'kafka', pattern: batch.topic };
          await trace.consume(message.headers, work, () => handle(String(message.value)));
          resolveOffset(message.offset);
          await heartbeat();
        }
      },
    });
    return () => consumer.disconnect();
  },
};

const AMQPLIB: DirectClient = {
  async openSender(url) {
    const connection = await amqp.connect(url);
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue(name(), { expires: 60_000 });
    return {
      send(headers, payload) {
        const content = Buffer.from(JSON.stringify(payload));
        channel.sendToQueue(name(), content, { headers: headers as amqp.MessagePropertyHeaders });
        return channel.waitForConfirms();
      },
      close: () => connection.close(),
    };
  },
  async consume(url, trace, handle) {
    const connection = await amqp.connect(url);
    const channel = await connection.createChannel();
    await channel.assertQueue(name(), { expires: 60_000 });
    await channel.prefetch(50);
    await channel.consume(name(), (message) => {
      if (message === null) return;
      const { headers } = message.properties;
      const attempt = message.fields.redelivered ? 2 : 1;
      const work = { transport: 'rabbitmq', pattern: name(), attempt };
      trace
        .consume(headers, work, () => handle(String(message.content)))
        .then(
          () => channel.ack(message),
          () => channel.nack(message, false, attempt === 1),
        );
    });
    return () => connection.close();
  },
};

/** A field for each header, beside the payload. */
const STREAMS: DirectClient = {
  async openSender(url) {
    const redis = new Redis(url);
    return {
      send: (headers, payload) =>
        redis.xadd(
          name(),
          '*',
          ...Object.entries({
            payload: JSON.stringify(payload),
            ...(headers as Record<string, string>),
          }).flat(),
        ),
      close: () => redis.quit(),
    };
  },
  async consume(url, trace, handle) {
    const redis = new Redis(url);
    await redis.xgroup('CREATE', name(), 'group', '0', 'MKSTREAM');
    const read = async (): Promise<void> => {
      const answer = await redis.xreadgroup(
        'GROUP',
        'group',
        'one',
        'COUNT',
        50,
        'BLOCK',
        0,
        'STREAMS',
        name(),
        '>',
      );
      const [[, entries]] = answer as [[string, [id: string, fields: string[]][]]];
      await Promise.allSettled(
        entries.map(([id, fields]) => {
          const { payload, ...headers } = fieldsOf(fields);
          return trace.consume(headers, { transport: 'redis', pattern: name() }, async () => {
            await handle(String(payload));
            await acknowledging.xack(name(), 'group', id);
          });
        }),
      );
      await read();
    };
    // A connection that waits for messages does nothing else.
    const acknowledging = redis.duplicate();
    read().catch(() => {});
    return () => [redis, acknowledging].map((one) => one.disconnect());
  },
};

function fieldsOf(list: readonly string[]): Record<string, string | undefined> {
  return Object.fromEntries(
    list.flatMap((name, i) => (i % 2 === 0 ? [[name, list[i + 1]] as const] : [])),
  );
}

/** What travels with a payload where a broker has no place for it. */
interface Envelope {
  readonly headers?: Record<string, unknown>;
  readonly payload: unknown;
}

function sealed(headers: unknown, payload: object): string {
  return JSON.stringify({ headers, payload });
}

function open(text: string, trace: TraceContext, transport: string, handle: Handle) {
  const { headers, payload } = JSON.parse(text) as Envelope;
  return trace.consume(headers, { transport, pattern: name() }, () =>
    handle(JSON.stringify(payload)),
  );
}

const LISTS: DirectClient = {
  async openSender(url) {
    const redis = new Redis(url);
    return {
      send: (headers, payload) => redis.rpush(name(), sealed(headers, payload)),
      close: () => redis.quit(),
    };
  },
  async consume(url, trace, handle) {
    const clients = Array.from({ length: 8 }, () => new Redis(url));
    for (const redis of clients) {
      const take = async (): Promise<void> => {
        const [, text] = (await redis.blpop(name(), 0))!;
        await open(text, trace, 'redis', handle).catch(() => {});
        await take();
      };
      take().catch(() => {});
    }
    return () => clients.map((redis) => redis.disconnect());
  },
};

const CHANNELS: DirectClient = {
  async openSender(url) {
    const redis = new Redis(url);
    return {
      send: (headers, payload) => redis.publish(name(), sealed(headers, payload)),
      close: () => redis.quit(),
    };
  },
  async consume(url, trace, handle) {
    const redis = new Redis(url);
    await redis.subscribe(name());
    redis.on('message', (_channel, text) => {
      open(text, trace, 'redis', handle).catch(() => {});
    });
    return () => redis.disconnect();
  },
};

function postgresAt(url: string): ClientConfig {
  const { hostname, port, username } = new URL(url);
  return {
    ...{ host: hostname, port: Number(port || 5432) },
    ...{ user: username || 'postgres', database: 'postgres' },
  };
}

const LISTEN: DirectClient = {
  async openSender(url) {
    const pool = new Pool({ ...postgresAt(url), max: 4 });
    return {
      send: (headers, payload) =>
        pool.query('SELECT pg_notify($1, $2)', [name(), sealed(headers, payload)]),
      close: () => pool.end(),
    };
  },
  async consume(url, trace, handle) {
    const client = new Client(postgresAt(url));
    await client.connect();
    client.on('notification', ({ payload }) => {
      // Outside of `trace.consume` it is part of no trace.
      logger.log('notified');
      open(payload!, trace, 'postgresql', handle).catch(() => {});
    });
    await client.query(`LISTEN "${name()}"`);
    return () => client.end();
  },
};

export const DIRECT_CLIENTS = {
  'kafkajs, messages': KAFKA,
  'kafkajs, batches': KAFKA_BATCHES,
  amqplib: AMQPLIB,
  'ioredis, streams': STREAMS,
  'ioredis, lists': LISTS,
  'ioredis, channels': CHANNELS,
  'pg, LISTEN': LISTEN,
} as const;

export type DirectClientName = keyof typeof DIRECT_CLIENTS;
