import { runDetached } from '../../context/trace-store.js';
import type { TracedApplication } from '../../context/traced-application.js';
import type { UnitOfWork } from '../../context/unit-of-work.js';
import { ownValue } from '../../records/own-value.js';
import type { ReadCarrier } from '../../trace/propagation.js';
import { batchWork } from '../batch.js';
import { JobRun } from '../bullmq/job-run.js';
import { newestApplication } from '../instrumented-applications.js';
import { definePatch } from '../patch.js';
import { hasMethods } from '../provided-class.js';
import { CARRIED, queueName, type MessageAttributes } from './sqs-client.js';

/** A message as it was received. */
interface Message {
  readonly MessageId?: string;
  readonly MessageAttributes?: MessageAttributes;
  readonly Attributes?: Readonly<Record<string, string | undefined>>;
}

type Handle = (message: Message) => unknown;
type HandleBatch = (messages: readonly Message[]) => unknown;

/** A consumer of sqs-consumer, with what its options have set. */
export interface SqsConsumer {
  readonly queueUrl: string;
  readonly sqs?: unknown;
  messageAttributeNames?: readonly string[];
  /** Until version 10 there are only `attributeNames`. */
  messageSystemAttributeNames?: readonly string[];
  attributeNames?: readonly string[];
  handleMessage?: Handle;
  handleMessageBatch?: HandleBatch;
  emit(event: string, ...args: unknown[]): boolean;
  start(): void;
}

const START = definePatch({
  package: 'sqs-consumer',
  target: 'Consumer.prototype.start',
  gives: 'each consumer, before it asks for its first message',
  without: 'messages of SQS are not traced',
  why: 'there is no hook where a consumer is made',
});
const HANDLE = definePatch({
  package: 'sqs-consumer',
  target: 'handleMessage and handleMessageBatch of a consumer, and the attributes that it asks for',
  gives: 'a trace for each message, and the attributes that carry it',
  without: 'messages of SQS are not traced',
  why: 'a consumer has no hook around its handler, and SQS returns only the attributes that are asked for',
});
const EVENTS = definePatch({
  package: 'sqs-consumer',
  target: 'emit of a consumer',
  gives: "the message's context in listeners such as `@SqsConsumerEventHandler`",
  without: 'listeners for the events of a consumer have no context',
  why: "an event emitter runs all listeners in the emitter's context, and has no hook for it",
});

/** By what users call. */
export function isConsumer(value: object): value is SqsConsumer {
  return (
    hasMethods(value, 'start', 'stop', 'updateOption', 'emit') &&
    typeof (value as Partial<SqsConsumer>).queueUrl === 'string'
  );
}

/** Lets all consumers of a class run each message in a trace, from when they start. */
export function traceConsumers(prototype: SqsConsumer): void {
  START.method(
    prototype,
    'start',
    (start) =>
      function (this: SqsConsumer) {
        traceConsumer(this);
        // One that a request starts polls in the context of that request.
        return runDetached(() => start.call(this) as void);
      },
  );
}

/** What a consumer is for, where an application provides it. */
export interface ConsumerPlace {
  readonly application: TracedApplication;
  readonly handler?: string | undefined;
}

const places = new WeakMap<SqsConsumer, ConsumerPlace>();

/** Lets a consumer run each message in a trace. It asks for the attributes that carry one. */
export function traceConsumer(consumer: SqsConsumer, place?: ConsumerPlace): void {
  if (place !== undefined) places.set(consumer, place);
  const { handleMessage, handleMessageBatch } = consumer;
  const isBatch = typeof handleMessageBatch === 'function';
  if (!isBatch && typeof handleMessage !== 'function') {
    HANDLE.unsupported('a consumer has no handler');
    return;
  }
  askForAttributes(consumer);
  const runs = new WeakMap<object, JobRun>();
  /** The run of a message or of a batch; `undefined` without an application. */
  const runOf = (received: Message | readonly Message[]): JobRun | undefined => {
    const known = runs.get(received);
    if (known !== undefined) return known;
    const found = places.get(consumer) ?? newestPlace();
    if (found === undefined) return undefined;
    const work = workOf(consumer, received, found.handler);
    const run = new JobRun(found.application.runUnitOfWork, work);
    runs.set(received, run);
    return run;
  };
  const traced =
    <M extends Message | readonly Message[]>(handle: (received: M) => unknown) =>
    (received: M): unknown => {
      const run = runOf(received);
      if (run === undefined) return handle.call(consumer, received);
      return run.process(async () => handle.call(consumer, received));
    };
  if (isBatch) HANDLE.methodOfInstance(consumer, 'handleMessageBatch', traced as () => HandleBatch);
  else HANDLE.methodOfInstance(consumer, 'handleMessage', traced as () => Handle);
  EVENTS.methodOfInstance(
    consumer,
    'emit',
    (emit) =>
      function (this: SqsConsumer, event, ...args) {
        const emitHere = (): boolean => emit.call(this, event, ...args) as boolean;
        const about = aboutMessage(args);
        if (about === undefined) return emitHere();
        // A batch has one run for all of its messages, and listeners get each of them.
        if (isBatch && !Array.isArray(about)) {
          const place = places.get(consumer) ?? newestPlace();
          if (place === undefined) return emitHere();
          const work = { ...workOf(consumer, about, place.handler), isContextOnly: true };
          return place.application.runUnitOfWork(work, emitHere);
        }
        const run = runOf(about);
        // The handler goes on after its time is over.
        if (event === 'timeout_error') run?.fail(args[0]);
        return run === undefined ? emitHere() : run.enter(emitHere);
      },
  );
}

function newestPlace(): ConsumerPlace | undefined {
  const application = newestApplication();
  return application && { application };
}

/** The message or the batch that an event is about: its first argument, or that behind an error. */
function aboutMessage(args: readonly unknown[]): Message | readonly Message[] | undefined {
  for (const arg of args.slice(0, 2)) {
    if (Array.isArray(arg)) return arg.every(isMessage) ? arg : undefined;
    if (isMessage(arg)) return arg;
  }
  return undefined;
}

function isMessage(value: unknown): value is Message {
  return typeof (Object(value) as { ReceiptHandle?: unknown }).ReceiptHandle === 'string';
}

/** The system attributes that the line of a message needs. */
const SYSTEM: readonly string[] = ['AWSTraceHeader', 'ApproximateReceiveCount'];

function askForAttributes(consumer: SqsConsumer): void {
  consumer.messageAttributeNames = withNames(consumer.messageAttributeNames, CARRIED);
  const { attributeNames = [], messageSystemAttributeNames } = consumer;
  const asked = new Set([...attributeNames, ...(messageSystemAttributeNames ?? [])]);
  if (asked.has('All')) return;
  const missing = SYSTEM.filter((name) => !asked.has(name));
  if (messageSystemAttributeNames === undefined) {
    consumer.attributeNames = [...attributeNames, ...missing];
  } else {
    consumer.messageSystemAttributeNames = [...messageSystemAttributeNames, ...missing];
  }
}

/** A list of names, which may be prefixes such as `order.*`, with those that it lacks. */
function withNames(given: readonly string[] | undefined, names: readonly string[]): string[] {
  const asked = Array.isArray(given) ? (given as readonly string[]) : [];
  if (asked.includes('All') || asked.includes('.*')) return [...asked];
  return [...new Set([...asked, ...names])];
}

function workOf(
  { queueUrl }: SqsConsumer,
  received: Message | readonly Message[],
  handler: string | undefined,
): UnitOfWork {
  const messages = Array.isArray(received)
    ? (received as readonly Message[])
    : [received as Message];
  const { fields, ...carried } = batchWork(messages.map(readerOf));
  const [first] = messages;
  const count = messages.length === 1 ? Number(first?.Attributes?.['ApproximateReceiveCount']) : 0;
  return {
    kind: 'message',
    transport: 'sqs',
    handler,
    ...carried,
    fields: { queue: queueName(queueUrl), ...(count > 0 && { attempt: count }), ...fields },
  };
}

function readerOf({ MessageAttributes: attributes, Attributes: system }: Message): ReadCarrier {
  return (name) => {
    const own = attributes === undefined ? undefined : ownValue(attributes, name);
    if (own !== undefined) return own.StringValue ?? own.BinaryValue;
    // What AWS's own services and X-Ray's SDK send.
    return name === 'x-amzn-trace-id' ? system?.['AWSTraceHeader'] : undefined;
  };
}
