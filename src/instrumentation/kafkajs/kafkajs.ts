import { Delivery, deliveries } from '../../context/delivery.js';
import { resumeTrace } from '../../context/trace-store.js';
import { Trace, TraceScope } from '../../trace/trace.js';
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

/** How many partitions may have failed; the one that failed first is forgotten. */
const MAX_FAILURES = 256;
/** How much is kept of the message of an error, in characters. */
const MAX_TEXT = 1000;

/** The last message of a partition, which failed. What it was, and its error, are not kept. */
interface Failure {
  /** The error, as long as kafkajs has it. Other values than objects are known by their text. */
  readonly error: WeakRef<object> | undefined;
  readonly text: string;
  /** Of the whole text. */
  readonly length: number;
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

function noteFailure(
  failures: Map<string, Failure>,
  place: string,
  error: unknown,
  trace: Trace,
): void {
  const text = textOf(error);
  failures.set(place, {
    error: isObject(error) ? new WeakRef(error) : undefined,
    text: text.slice(0, MAX_TEXT),
    length: text.length,
    trace: withoutMessage(trace),
  });
  if (failures.size <= MAX_FAILURES) return;
  for (const first of failures.keys()) {
    failures.delete(first);
    break;
  }
}

/** The same trace for what is logged of it, without the headers of its message, which keep the batch. */
function withoutMessage(trace: Trace): Trace {
  const { traceId, requestId, sessionId, spanId, origin, metadata, policy } = trace;
  const copy = new Trace(traceId, requestId, sessionId, spanId, origin, metadata, policy);
  copy.scope = new TraceScope(copy, spanId, trace.scope.fields);
  copy.recording = null;
  copy.finished = true;
  return copy;
}

function placeOf(place: { readonly topic?: unknown; readonly partition?: unknown } | undefined) {
  return `${String(place?.topic)}/${String(place?.partition)}`;
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

function isLogger(logger: Partial<KafkaLogger>): boolean {
  const { error, warn, debug, namespace } = logger;
  return [error, warn, debug, namespace].every((method) => typeof method === 'function');
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
  if (failure !== undefined) return isErrorOf(failure, error) ? failure.trace : undefined;
  const found: Trace[] = [];
  for (const one of failures.values()) {
    if (one.length === 0) continue;
    if (
      (typeof error === 'string' && endsWithText(error, one, '')) ||
      endsWithText(message, one, ': ')
    ) {
      found.push(one.trace);
    }
  }
  return found.length === 1 ? found[0] : undefined;
}

function isErrorOf(failure: Failure, error: unknown): boolean {
  if (isObject(error)) return failure.error?.deref() === error;
  return failure.error === undefined && endsWithText(textOf(error), failure, '');
}

/** Whether a message is the text of a failure, or ends with it behind a separator. */
function endsWithText(message: string, { text, length }: Failure, separator: string): boolean {
  const at = message.length - length - separator.length;
  return at >= 0 && (separator !== '' || at === 0) && message.startsWith(separator + text, at);
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
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
