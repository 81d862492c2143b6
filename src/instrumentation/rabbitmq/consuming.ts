import type { TracedApplication } from '../../context/traced-application.js';
import type { UnitOfWork } from '../../context/unit-of-work.js';
import { guardCallback } from '../../options/guard-callback.js';
import { JobRun } from '../bullmq/job-run.js';
import { applicationProviding, newestApplication } from '../instrumented-applications.js';
import { rabbitDelivery } from '../microservices/extract-headers.js';
import { runBatch, type Failure } from './batch.js';
import { overrideMethod } from '../microservices/method-proxy.js';
import {
  CONNECTION,
  publishAnswer,
  type Publish,
  type PublishingConnection,
} from './publishing.js';

/** A connection of `@golevelup/nestjs-rabbitmq`, as far as it hands messages to subscribers. */
export interface ConsumingConnection extends PublishingConnection {
  createSubscriber: Create;
  createRpc: Create;
  // What follows is private there.
  setupSubscriberChannel: SetUp;
  setupRpcChannel: SetUp;
  handleBatchedMessages(
    handler: Handler,
    options: SubscriberOptions,
    channel: unknown,
    messages: readonly RabbitMessage[],
    ...rest: unknown[]
  ): Promise<unknown>;
  wrapConsumer(consumer: Consumer): Consumer;
  deserializeMessage(message: RabbitMessage, ...rest: unknown[]): unknown;
  /** From version 9, where handlers may share a queue. */
  findRpcHandler?(handlers: readonly RpcHandler[], routingKey: unknown): RpcHandler | null;
}

type Handler = (...args: unknown[]) => unknown;
type Consumer = (message: RabbitMessage | null) => unknown;
type Create = (handler: Handler, ...rest: unknown[]) => Promise<unknown>;
type SetUp = (
  handler: Handler,
  options: SubscriberOptions,
  channel: unknown,
  ...rest: unknown[]
) => Promise<unknown>;

interface RabbitMessage {
  readonly fields?: { readonly routingKey?: unknown };
}

interface SubscriberOptions {
  readonly exchange?: string;
  readonly routingKey?: string | readonly string[];
  readonly queue?: string;
}

interface RpcHandler {
  readonly handler: Handler;
  readonly rpcOptions: SubscriberOptions;
}

/** What a subscriber is, for a message that it gets. */
interface Subscriber {
  readonly handler: string | undefined;
  readonly options: SubscriberOptions;
}

/** The methods that have to be there before any of them is changed. */
export const NEEDED = [
  'publish',
  'request',
  'createSubscriber',
  'createRpc',
  'setupSubscriberChannel',
  'setupRpcChannel',
  'handleBatchedMessages',
  'wrapConsumer',
  'deserializeMessage',
] as const satisfies readonly (keyof ConsumingConnection)[];

const owners = new WeakMap<object, TracedApplication>();
/** The names of handlers that are methods of providers, as in `OrdersConsumer.created`. */
const names = new WeakMap<Handler, string>();
/** What a message failed with: the connection hands it to an error handler, and throws nothing. */
const failures = new WeakMap<object, Failure>();

/** Notes what the handler of a subscriber is called. */
export function nameRabbitHandler(handler: unknown, name: string): void {
  if (typeof handler === 'function') names.set(handler as Handler, name);
}

/** Lets all connections of a class run each message that arrives in a trace. */
export function traceConsuming(prototype: ConsumingConnection): void {
  for (const method of ['createSubscriber', 'createRpc'] as const) {
    CONNECTION.method(
      prototype,
      method,
      (create) =>
        function (this: ConsumingConnection, handler, ...rest) {
          return create.call(this, noting(handler), ...rest) as Promise<unknown>;
        },
    );
  }
  for (const method of ['setupSubscriberChannel', 'setupRpcChannel'] as const) {
    CONNECTION.method(
      prototype,
      method,
      (setUp) =>
        function (this: ConsumingConnection, handler, options, channel, ...rest) {
          const own = typeof rest[0] === 'string' ? rest[0] : undefined;
          const single = { handler: names.get(handler) ?? own, options };
          const view = tracedView(this, (message) => matched(this, single, message) ?? single);
          return setUp.call(view, handler, options, channel, ...rest) as Promise<unknown>;
        },
    );
  }
  CONNECTION.method(
    prototype,
    'handleBatchedMessages',
    (handleAll) =>
      function (this: ConsumingConnection, handler, options, channel, messages, ...rest) {
        const handle = (noted: Handler): Promise<unknown> =>
          handleAll.call(
            notingView(this),
            noted,
            options,
            channel,
            messages,
            ...rest,
          ) as Promise<unknown>;
        const application = applicationOf(this);
        if (application === undefined || !Array.isArray(messages)) return handle(handler);
        const subscriber = { handler: names.get(handler), options };
        const works = (messages as RabbitMessage[]).map((one) => workOf(subscriber, one));
        return runBatch(
          application,
          works,
          () => handle(noting(handler, messages)),
          () => [messages, ...messages].map((one) => failures.get(one)).find(Boolean),
        );
      },
  );
}

/** A connection whose subscribers run each message in a trace, and whose answers have no span. */
function tracedView(
  connection: ConsumingConnection,
  subscriberOf: (message: RabbitMessage) => Subscriber,
): ConsumingConnection {
  const wrapConsumer = (consumer: Consumer): Consumer =>
    connection.wrapConsumer((message) => {
      const application = applicationOf(connection);
      if (message === null || application === undefined) return consumer(message);
      const run = new JobRun(application.runUnitOfWork, workOf(subscriberOf(message), message));
      return run.process(async () => {
        const result = await consumer(message);
        failWith(run, message);
        return result;
      });
    });
  const publish: Publish = (...args) => publishAnswer(connection, args);
  const answering = overrideMethod(notingView(connection), 'publish', publish as Handler);
  return overrideMethod(answering, 'wrapConsumer', wrapConsumer as Handler);
}

/** A connection that notes which message could not be read. */
function notingView(connection: ConsumingConnection): ConsumingConnection {
  return overrideMethod(connection, 'deserializeMessage', (message, ...rest) => {
    try {
      return connection.deserializeMessage(message as RabbitMessage, ...rest);
    } catch (error) {
      noteFailure(message, error);
      throw error;
    }
  });
}

/**
 * A handler that notes which message it fails for.
 *
 * @param failing what else fails with it: the list of a batch.
 */
function noting(handler: Handler, failing?: object): Handler {
  if (typeof handler !== 'function') return handler;
  const noted: Handler = async (...args) => {
    try {
      return await handler(...args);
    } catch (error) {
      noteFailure(failing ?? args[1], error);
      throw error;
    }
  };
  const name = names.get(handler);
  if (name !== undefined) names.set(noted, name);
  return noted;
}

function failWith(run: JobRun, message: RabbitMessage): void {
  const failure = failures.get(message);
  if (failure !== undefined) run.fail(failure.error);
}

function noteFailure(message: unknown, error: unknown): void {
  if (typeof message === 'object' && message !== null) failures.set(message, { error });
}

/** The one of several handlers of a queue that gets a message. */
const matched = guardCallback(
  'a handler of a shared queue',
  (
    connection: ConsumingConnection,
    { options }: Subscriber,
    { fields }: RabbitMessage,
  ): Subscriber | undefined => {
    const byQueue: unknown = Reflect.get(connection, '_rpcHandlersByQueue');
    if (!(byQueue instanceof Map)) return undefined;
    const handlers = byQueue.get(options.queue) as readonly RpcHandler[] | undefined;
    if (handlers === undefined || handlers.length < 2) return undefined;
    const found = connection.findRpcHandler?.(handlers, fields?.routingKey);
    return found ? { handler: names.get(found.handler), options: found.rpcOptions } : undefined;
  },
);

function workOf({ handler, options }: Subscriber, message: RabbitMessage): UnitOfWork {
  const { read, attempt } = rabbitDelivery(message, options.queue);
  return {
    kind: 'message',
    transport: 'rabbitmq',
    handler,
    read,
    fields: { pattern: patternOf(options), attempt },
  };
}

/** As it was registered, wildcards and all: a routing key would be of unbounded cardinality. */
function patternOf({ exchange, routingKey, queue }: SubscriberOptions): string | undefined {
  const keys = routingKey === undefined ? '' : [routingKey].flat().join(',');
  if (exchange === undefined || exchange === '') return queue || keys || undefined;
  return keys === '' ? exchange : `${exchange}/${keys}`;
}

/** The application that provides a connection; for one that was made by hand, the newest. */
function applicationOf(connection: object): TracedApplication | undefined {
  const known = owners.get(connection);
  if (known !== undefined) return known;
  const provider = applicationProviding(connection);
  if (provider !== undefined) owners.set(connection, provider);
  return provider ?? newestApplication();
}
