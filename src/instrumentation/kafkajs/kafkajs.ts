import { Delivery, deliveries } from '../../context/delivery.js';
import { copiesOf, requiredFiles } from '../clients/driver-modules.js';
import { definePatch } from '../patch.js';
import { DeliveredOffsets } from './delivered-offsets.js';
import {
  isLogger,
  noteFailure,
  placeOf,
  tracedLogger,
  type Failure,
  type KafkaLogger,
} from './failures.js';

/** A client of kafkajs, as far as it is used here. */
interface Kafka {
  logger?(): KafkaLogger;
  consumer(...args: unknown[]): Consumer;
}

interface Consumer {
  run(config?: RunConfig): unknown;
}

interface RunConfig {
  readonly eachMessage?: Handle;
  readonly eachBatch?: Handle;
}

type Handle = (this: unknown, payload: Payload) => unknown;

/** What a consumer gives to a handler: one message with its place, or a batch. */
interface Payload {
  readonly topic?: unknown;
  readonly partition?: unknown;
  readonly message?: { readonly offset?: unknown };
  readonly batch?: { readonly topic?: unknown; readonly partition?: unknown };
}

/** NestJS's server for Kafka. */
interface KafkaServer {
  createClient(...args: unknown[]): unknown;
}

const CONSUMER = definePatch({
  package: 'kafkajs',
  target: 'Kafka.prototype.consumer',
  gives:
    'the number of the attempt of a message, and ids on the lines in which kafkajs says that a message has failed',
  without: 'messages of Kafka have no `attempt`, and what kafkajs logs of a failed one has no ids',
  why: 'kafkajs does not count deliveries; it logs a failure when the handler has ended, outside of its context, and its instrumentation events name no message',
});
const SERVER = definePatch({
  package: '@nestjs/microservices',
  target: 'ServerKafka.prototype.createClient',
  gives: 'the copy of kafkajs that NestJS uses',
  without: 'messages of Kafka have no `attempt`, and what kafkajs logs of a failed one has no ids',
  why: 'NestJS loads kafkajs when a server starts, and has no hook for its consumer',
});

/** Lets the consumers of each copy that is loaded say which of their messages failed. */
export function traceKafkajs(): void {
  for (const exported of copiesOf('kafkajs', requiredFiles(['kafkajs']))) {
    traceClass((exported as { Kafka?: { prototype?: Kafka } }).Kafka?.prototype);
  }
}

/** The same for the copy that a server of NestJS loads. */
export function traceKafkaServers(prototype: object | undefined): void {
  SERVER.method(
    prototype as KafkaServer | undefined,
    'createClient',
    (createClient) =>
      function (this: KafkaServer, ...args) {
        const created = createClient.apply(this, args) as unknown;
        if (!(created instanceof Promise)) return traceClassOf(created);
        return created.then(traceClassOf);
      },
  );
}

function traceClassOf<T>(kafka: T): T {
  traceClass(Object.getPrototypeOf(Object(kafka)) as Kafka);
  return kafka;
}

function traceClass(prototype: Kafka | undefined): void {
  CONSUMER.method(
    prototype,
    'consumer',
    (consumer) =>
      function (this: Kafka, ...args) {
        const failures = new Map<string, Failure>();
        const made = makeConsumer(consumer, this, withLogger(this, failures), args);
        const offsets = new DeliveredOffsets();
        CONSUMER.methodOfInstance(
          made,
          'run',
          (run) =>
            function (this: Consumer, config) {
              return run.call(this, config && tracedConfig(config, offsets, failures)) as unknown;
            },
        );
        return made;
      },
  );
}

/** A consumer of a client whose logger is traced. Where that client is none to kafkajs: of the given one. */
function makeConsumer(consumer: Function, given: Kafka, traced: Kafka, args: unknown[]): Consumer {
  if (traced === given) return consumer.apply(given, args) as Consumer;
  try {
    return consumer.apply(traced, args) as Consumer;
  } catch {
    // What is wrong with the arguments is thrown again.
    const made = consumer.apply(given, args) as Consumer;
    CONSUMER.unsupported('it takes no other logger');
    return made;
  }
}

function tracedConfig(
  config: RunConfig,
  offsets: DeliveredOffsets,
  failures: Map<string, Failure>,
): RunConfig {
  const traced = (handle: Handle): Handle =>
    async function (payload) {
      const { topic, partition, message } = payload;
      const place = placeOf(message === undefined ? payload.batch : payload);
      const attempt = message && offsets.deliver(placeOf({ topic, partition }), message.offset);
      const delivery = new Delivery(attempt);
      try {
        const result = await deliveries.run(delivery, () => handle.call(this, payload));
        failures.delete(place);
        return result;
      } catch (error) {
        const trace = delivery.traceOf(error);
        failures.delete(place);
        if (trace !== undefined) noteFailure(failures, place, error, trace);
        throw error;
      }
    };
  const { eachMessage, eachBatch } = config;
  return {
    ...config,
    ...(typeof eachMessage === 'function' && { eachMessage: traced(eachMessage) }),
    ...(typeof eachBatch === 'function' && { eachBatch: traced(eachBatch) }),
  };
}

/** A client that is the given one, with a logger that writes about a failed message in its trace. */
function withLogger(kafka: Kafka, failures: ReadonlyMap<string, Failure>): Kafka {
  const logger = CONSUMER.read('logger', () => kafka.logger?.());
  if (logger === undefined) return kafka;
  const key = Reflect.ownKeys(kafka).find((name) => Reflect.get(kafka, name) === logger);
  if (key === undefined || !isLogger(logger)) {
    CONSUMER.unsupported('its logger has another shape');
    return kafka;
  }
  return Object.create(kafka, { [key]: { value: tracedLogger(logger, failures) } }) as Kafka;
}
