import 'reflect-metadata';
import type { TracedApplication } from '../../context/traced-application.js';
import { applicationProviding } from '../instrumented-applications.js';
import { definePatch } from '../patch.js';
import { hasMethods, prototypesOf, providedObjects } from '../provided-class.js';
import { traceQueue } from './queue.js';
import { traceWorker, type BullWorker } from './worker.js';

/** What makes the workers of an application, when it starts or when the application says so. */
interface BullRegistrar {
  register(): void;
}

/** What a class with `@Processor` extends. */
interface WorkerHost {
  /** Throws before its processor is registered. */
  readonly worker: BullWorker;
}

const REGISTRAR = definePatch({
  package: '@nestjs/bullmq',
  target: 'BullRegistrar.prototype.register',
  gives: 'the workers of all processors, before they ask for their first job',
  without: 'jobs are not traced',
  why: 'there is no hook where a worker is made, and `BullModule.workerClass` is a single slot',
});
const HOST = definePatch({
  package: '@nestjs/bullmq',
  target: 'WorkerHost.worker',
  gives: 'the worker of each processor',
  without: 'jobs are not traced',
  why: 'it is read only; this public member is the way to it',
});

/** What `@Processor` leaves on a class. */
const PROCESSOR_METADATA = 'bullmq:processor_metadata';

/** Prepares `@nestjs/bullmq` to run each job in a context. */
export function prepareBullmq({ modules }: TracedApplication): void {
  if (![...modules.values()].some(({ metatype }) => isBullmqModule(metatype))) return;
  const registrars = prototypesOf<BullRegistrar>(modules, isBullmqModule, 'BullRegistrar');
  if (registrars.length === 0) REGISTRAR.unsupported('it provides no `BullRegistrar`');
  for (const registrar of registrars) {
    REGISTRAR.method(
      registrar,
      'register',
      (register) =>
        function (this: BullRegistrar) {
          register.call(this);
          // The workers ask Redis for their first job, so there is none yet.
          const application = applicationProviding(this);
          if (application !== undefined) traceProcessors(application);
        },
    );
  }
}

/** Lets the queues and flow producers of an application send its traces. */
export function attachBullmq({ modules }: TracedApplication): void {
  for (const { metatype, providers } of modules.values()) {
    if (!isBullmqModule(metatype)) continue;
    for (const { instance } of providers.values()) traceQueue(instance);
  }
}

/**
 * The older `@nestjs/bull` has a `BullModule` too, as may any other package. Only this one has
 * flow producers, which only BullMQ has.
 */
function isBullmqModule(type: Function | undefined): boolean {
  return type !== undefined && hasMethods(type, 'registerQueue', 'registerFlowProducer');
}

function traceProcessors({ modules, runUnitOfWork }: TracedApplication): void {
  for (const provided of providedObjects(modules)) {
    const { constructor } = provided;
    if (typeof constructor !== 'function') continue;
    if (!Reflect.hasMetadata(PROCESSOR_METADATA, constructor)) continue;
    const worker = HOST.read('`worker`', () => (provided as WorkerHost).worker);
    if (worker !== undefined) traceWorker(worker, runUnitOfWork, `${constructor.name}.process`);
  }
}
