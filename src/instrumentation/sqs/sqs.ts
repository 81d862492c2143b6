import 'reflect-metadata';
import type { TracedApplication } from '../../context/traced-application.js';
import { copiesOf, foundCopiesOf, requiredFiles } from '../clients/driver-modules.js';
import { applicationProviding } from '../instrumented-applications.js';
import { definePatch } from '../patch.js';
import { hasMethods, ownerOf, providedObjects } from '../provided-class.js';
import { isSqsClient, traceSending, type SqsClient } from './sqs-client.js';
import { isConsumer, traceConsumer, traceConsumers, type SqsConsumer } from './sqs-consumer.js';

/** What `@ssut/nestjs-sqs` makes its consumers and producers with, when its module starts. */
interface SqsService {
  readonly consumers: Map<string, unknown>;
  readonly producers: Map<string, unknown>;
  onModuleInit(): Promise<void>;
}

const SERVICE = definePatch({
  package: '@ssut/nestjs-sqs',
  target: 'SqsService.prototype.onModuleInit',
  gives: 'the consumers and producers of the module, before they start',
  without: 'messages of SQS may not be traced',
  why: 'they are made and started in one go',
});
const MADE = definePatch({
  package: '@ssut/nestjs-sqs',
  target: 'set of SqsService#consumers and SqsService#producers',
  gives: 'the consumers and producers of the module, before they start',
  without: 'messages of SQS may not be traced',
  why: 'they are made and started in one go',
});

/** What `@SqsMessageHandler` leaves on a method. */
const HANDLER_METADATA = Symbol.for('SQS_CONSUMER_METHOD');

/** Prepares what an application has of SQS before it makes its clients and consumers. */
export async function prepareSqs({ modules }: TracedApplication): Promise<void> {
  for (const { providers } of modules.values()) {
    for (const token of providers.keys()) {
      const prototype: unknown = typeof token === 'function' ? token.prototype : undefined;
      if (isServicePrototype(prototype)) traceService(prototype);
    }
  }
  const clients = copiesOf('@aws-sdk/client-sqs', requiredFiles(['@aws-sdk/client-sqs']));
  for (const copy of clients) {
    const prototype = prototypeIn(copy, 'SQSClient');
    if (prototype !== undefined) traceSending(prototype as SqsClient);
  }
  // It loads the client, so without that there is none.
  if (clients.size === 0) return;
  for (const copy of await foundCopiesOf('sqs-consumer')) {
    const prototype = prototypeIn(copy, 'Consumer');
    if (prototype !== undefined) traceConsumers(prototype as SqsConsumer);
  }
}

/** Finds the clients and consumers that an application provides, also those of another copy. */
export function attachSqs(application: TracedApplication): void {
  for (const provided of providedObjects(application.modules)) {
    if (isSqsClient(provided)) traceSending(provided);
    else if (isConsumer(provided)) traceMade(provided, application, undefined);
  }
}

/** A class that a module exports, also where it cannot be read. */
function prototypeIn(exported: object, name: string): object | undefined {
  const type: unknown = Reflect.get(exported, name);
  const prototype: unknown = typeof type === 'function' ? type.prototype : undefined;
  return typeof prototype === 'object' && prototype !== null ? prototype : undefined;
}

/** By what users call. */
function isServicePrototype(value: unknown): value is SqsService {
  return (
    typeof value === 'object' &&
    value !== null &&
    hasMethods(value, 'send', 'purgeQueue', 'getQueueAttributes', 'getProducerQueueSize')
  );
}

function traceService(prototype: SqsService): void {
  SERVICE.method(
    prototype,
    'onModuleInit',
    (init) =>
      function (this: SqsService) {
        const application = applicationProviding(this);
        for (const kind of ['consumers', 'producers'] as const) {
          const made = SERVICE.read(kind, () => this[kind]);
          if (application === undefined || made === undefined) continue;
          MADE.methodOfInstance(
            made,
            'set',
            (set) =>
              function (this: Map<string, unknown>, name, one) {
                traceMade(one, application, handlerName(application, name));
                return set.call(this, name, one) as Map<string, unknown>;
              },
          );
        }
        return init.call(this) as Promise<void>;
      },
  );
}

/** Traces a consumer, which the module keeps with its options, or the client of a producer. */
function traceMade(
  made: unknown,
  application: TracedApplication,
  handler: string | undefined,
): void {
  if (typeof made !== 'object' || made === null) return;
  const { instance = made } = made as { instance?: unknown };
  if (typeof instance !== 'object' || instance === null) return;
  if (isConsumer(instance)) {
    const owner = ownerOf(instance, 'start');
    if (owner !== undefined && owner !== instance) traceConsumers(owner as SqsConsumer);
    traceConsumer(instance, { application, handler });
  }
  const { sqs } = instance as { sqs?: unknown };
  if (typeof sqs === 'object' && sqs !== null && isSqsClient(sqs)) traceSending(sqs);
}

/** The method with `@SqsMessageHandler` of that name, as in `MailHandler.handle`. */
function handlerName({ modules }: TracedApplication, consumer: string): string | undefined {
  for (const { providers } of modules.values()) {
    for (const { metatype } of providers.values()) {
      const prototype: unknown = metatype?.prototype;
      if (typeof metatype !== 'function' || typeof prototype !== 'object' || prototype === null) {
        continue;
      }
      for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
        if (typeof value !== 'function') continue;
        const meta: unknown = Reflect.getMetadata(HANDLER_METADATA, value as Function);
        if ((Object(meta) as { name?: unknown }).name === consumer)
          return `${metatype.name}.${key}`;
      }
    }
  }
  return undefined;
}
