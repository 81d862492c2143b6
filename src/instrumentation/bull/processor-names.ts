import 'reflect-metadata';
import type { TracedApplication } from '../../context/traced-application.js';
import { NameCache } from '../../records/name-cache.js';
import { providedObjects } from '../provided-class.js';

// What `@Processor` and `@Process` leave on a class and its methods.
const QUEUE_METADATA = 'bull:module_queue';
const PROCESS_METADATA = 'bull:module_queue_process';

/** The names that `@nestjs/bull` and Bull give to what has none. */
const DEFAULT_QUEUE = 'default';
const DEFAULT_JOB = '__default__';

interface Named {
  readonly name?: string;
}

/** How many names of jobs are kept. Whoever adds a job chooses its name. */
const MAX_NAMES = 1000;
/** The name of a method, or that there is none. */
type Known = readonly [name: string | undefined];

const names = new WeakMap<TracedApplication, NameCache<Known>>();

/**
 * The name of the method with `@Process` that processes the jobs of a queue, as in
 * `EmailProcessor.send`. Bull does not keep the name of a function or file that it was given.
 */
export function processorName(
  application: TracedApplication,
  queue: string,
  job: string,
): string | undefined {
  let known = names.get(application);
  if (known === undefined) names.set(application, (known = new NameCache(MAX_NAMES)));
  const key = JSON.stringify([queue, job]);
  const kept = known.get(key);
  if (kept !== undefined) return kept[0];
  const name = findName(application, queue, job);
  known.keep(key, () => [name]);
  return name;
}

function findName({ modules }: TracedApplication, queue: string, job: string): string | undefined {
  for (const provided of providedObjects(modules)) {
    const { constructor } = provided;
    if (typeof constructor !== 'function') continue;
    const processor = Reflect.getMetadata(QUEUE_METADATA, constructor) as Named | undefined;
    if (processor === undefined || (processor.name ?? DEFAULT_QUEUE) !== queue) continue;
    const method = methodFor(job, provided);
    if (method !== undefined) return `${constructor.name}.${method}`;
  }
  return undefined;
}

function methodFor(job: string, provided: object): string | undefined {
  let prototype = Object.getPrototypeOf(provided) as object | null;
  for (; prototype !== null && prototype !== Object.prototype;) {
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (typeof value !== 'function') continue;
      const process = Reflect.getMetadata(PROCESS_METADATA, value as object) as Named | undefined;
      if (process !== undefined && (process.name ?? DEFAULT_JOB) === job) return key;
    }
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return undefined;
}
