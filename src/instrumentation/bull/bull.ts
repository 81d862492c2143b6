import type { TracedApplication } from '../../context/traced-application.js';
import { isBullModule } from '../integration-versions.js';
import { loadOptional } from '../load-optional.js';
import { hasMethods, ownerOf, providedObjects } from '../provided-class.js';
import { traceAdding, type AddingQueue } from './adding-jobs.js';
import { traceAttempts, traceHandlers, type BullQueue, type JobClass } from './job-attempts.js';

type Queue = AddingQueue & BullQueue;

/**
 * Prepares Bull before its queues ask for their first job. It is loaded only where `@nestjs/bull` is
 * imported, which has loaded it already.
 */
export async function prepareBull({ modules }: TracedApplication): Promise<void> {
  if (![...modules.values()].some(({ metatype }) => metatype && isBullModule(metatype))) return;
  const loaded = await loadOptional('bull', () => import('bull'));
  const prototype: unknown = loaded?.default.prototype;
  if (isQueue(prototype)) traceClassOf(prototype);
}

/** Finds the queues of an application, also those of another copy of Bull or made by hand. */
export function attachBull({ modules }: TracedApplication): void {
  for (const provided of providedObjects(modules)) {
    if (!isQueue(provided)) continue;
    traceClassOf(provided);
    traceHandlers(provided);
  }
}

/** Bull's own class, also for a queue of a class that extends it. */
function traceClassOf(queue: Queue): void {
  const prototype = ownerOf(queue, 'whenCurrentJobsFinished') as Queue;
  const { Job } = prototype.constructor as { readonly Job?: JobClass };
  traceAdding(prototype);
  traceAttempts(prototype, Job);
}

/** By what users call. A queue of BullMQ does not process jobs, and can be waited for. */
function isQueue(value: unknown): value is Queue {
  return (
    typeof value === 'object' &&
    value !== null &&
    hasMethods(value, 'add', 'process', 'isReady', 'getJobCounts', 'whenCurrentJobsFinished') &&
    !hasMethods(value, 'waitUntilReady')
  );
}
