import 'reflect-metadata';
import type { TracedApplication } from '../../context/traced-application.js';
import { guardCallback } from '../../options/guard-callback.js';
import { applicationProviding, applicationThatProvides } from '../instrumented-applications.js';
import { definePatch } from '../patch.js';
import { isBullmqModule } from '../integration-versions.js';
import { ownerOf, prototypesOf, providedObjects } from '../provided-class.js';
import { isQueueLike, queuesOf } from './provided-queues.js';
import { traceQueue } from './queue.js';
import { traceWorkerOf, traceWorkersOf, type BullWorker, type Owner } from './worker.js';

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

const FUNCTIONS = definePatch({
  package: '@nestjs/bullmq',
  target: 'BullModule._workerClass',
  gives: 'the class of the workers for `registerQueue({ processors })`, which are in no container',
  without: 'jobs of processors that are given to `registerQueue` are not traced',
  why: 'its public setter has no getter',
});

/** A queue of BullMQ, or one of its workers: those of one queue have the same name. */
interface QueueBase {
  readonly name?: unknown;
  readonly qualifiedName?: unknown;
}

/** What `@Processor` leaves on a class. */
const PROCESSOR_METADATA = 'bullmq:processor_metadata';

/** Prepares `@nestjs/bullmq` to run each job in a context. */
export function prepareBullmq({ modules }: TracedApplication): void {
  const module = [...modules.values()].find(
    ({ metatype }) => metatype !== undefined && isBullmqModule(metatype),
  )?.metatype;
  if (module === undefined) return;
  const Worker = FUNCTIONS.read(
    '`_workerClass`',
    () => Reflect.get(module, '_workerClass') as unknown,
  );
  const prototype = typeof Worker === 'function' ? (Worker.prototype as BullWorker) : undefined;
  if (prototype !== undefined) {
    const owner = ownerOf(prototype, 'callProcessJob') as BullWorker | undefined;
    traceWorkersOf(owner ?? prototype, ownerOfWorker);
  }
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
  attached++;
  for (const queue of queuesOf(modules)) traceQueue(queue);
}

/** How many applications have all of their providers. */
let attached = 0;
/** By worker: its application, or how many there were when it had none. */
const owners = new WeakMap<BullWorker, TracedApplication | number>();

/**
 * The application that provides the queue of a worker, whose module has made both. A worker of a
 * queue that none provides is made by hand, and its application says whether it is traced.
 */
const ownerOfWorker = guardCallback('a queue', (worker: BullWorker): Owner | undefined => {
  const known = owners.get(worker);
  if (known === attached && attached > 0) return undefined;
  if (typeof known === 'object') return { application: known };
  const { name, qualifiedName } = worker as QueueBase;
  const application = applicationThatProvides((provided) => {
    if (!isQueueLike(provided)) return false;
    const queue = provided as QueueBase;
    return queue.name === name && queue.qualifiedName === qualifiedName;
  });
  owners.set(worker, application ?? attached);
  return application && { application };
});

function traceProcessors(application: TracedApplication): void {
  for (const provided of providedObjects(application.modules)) {
    const { constructor } = provided;
    if (typeof constructor !== 'function') continue;
    if (!Reflect.hasMetadata(PROCESSOR_METADATA, constructor)) continue;
    const worker = HOST.read('`worker`', () => (provided as WorkerHost).worker);
    if (worker !== undefined) {
      traceWorkerOf({ application, handler: `${constructor.name}.process` }, worker);
    }
  }
}
