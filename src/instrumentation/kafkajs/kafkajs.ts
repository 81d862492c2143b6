import { Delivery, deliveries } from '../../context/delivery.js';
import { resumeTrace } from '../../context/trace-store.js';
import type { Trace } from '../../trace/trace.js';
import { copiesOf, requiredFiles } from '../clients/driver-modules.js';
import { definePatch } from '../patch.js';
import { DeliveredOffsets } from './delivered-offsets.js';

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

type Log = (message: string, extra?: LogExtra) => unknown;

interface LogExtra {
  readonly topic?: unknown;
  readonly partition?: unknown;
  readonly error?: unknown;
}

type KafkaLogger = Readonly<Record<'info' | 'error' | 'warn' | 'debug', Log>> & {
  namespace(...args: unknown[]): KafkaLogger;
};

/** The last message of a partition, which failed. */
interface Failure {
  readonly error: unknown;
  readonly trace: Trace;
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
        const made = consumer.apply(withLogger(this, failures), args) as Consumer;
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
        if (trace === undefined) failures.delete(place);
        else failures.set(place, { error, trace });
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

function placeOf(place: { readonly topic?: unknown; readonly partition?: unknown } | undefined) {
  return `${String(place?.topic)}/${String(place?.partition)}`;
}

/** A client that is the given one, with a logger that writes about a failed message in its trace. */
function withLogger(kafka: Kafka, failures: ReadonlyMap<string, Failure>): Kafka {
  const logger = kafka.logger?.();
  const key = Reflect.ownKeys(kafka).find((name) => Reflect.get(kafka, name) === logger);
  if (logger === undefined || key === undefined) {
    CONSUMER.unsupported('it has no logger');
    return kafka;
  }
  return Object.create(kafka, { [key]: { value: tracedLogger(logger, failures) } }) as Kafka;
}

function tracedLogger(logger: KafkaLogger, failures: ReadonlyMap<string, Failure>): KafkaLogger {
  const traced =
    (log: Log): Log =>
    (message, extra) => {
      const trace = failures.size === 0 ? undefined : toldOf(message, extra, failures);
      return trace === undefined
        ? log(message, extra)
        : resumeTrace(trace, () => log(message, extra));
    };
  return {
    ...logger,
    error: traced(logger.error),
    warn: traced(logger.warn),
    debug: traced(logger.debug),
    namespace: (...args) => tracedLogger(logger.namespace(...args), failures),
  };
}

/**
 * The failed message that a line is about. The runner names its partition. Later, when the consumer
 * tries again or gives up, a line has the message of the error: of whom it is, is known only if that
 * is the error of one partition.
 */
function toldOf(
  message: string,
  { topic, partition, error }: LogExtra = {},
  failures: ReadonlyMap<string, Failure>,
): Trace | undefined {
  const failure = failures.get(placeOf({ topic, partition }));
  if (failure !== undefined) return Object.is(failure.error, error) ? failure.trace : undefined;
  const found: Trace[] = [];
  for (const { error: thrown, trace } of failures.values()) {
    const text = textOf(thrown);
    if (text !== '' && (error === text || message.endsWith(`: ${text}`))) found.push(trace);
  }
  return found.length === 1 ? found[0] : undefined;
}

/** As kafkajs reads it. */
function textOf(error: unknown): string {
  try {
    const { message = error } = Object(error) as { message?: unknown };
    return typeof message === 'string' ? message : '';
  } catch {
    // A getter of the application's own that throws.
    return '';
  }
}
