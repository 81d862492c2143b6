import type { TracedApplication } from '../../context/traced-application.js';
import type { UnitOfWork } from '../../context/unit-of-work.js';
import { JobRun } from '../bullmq/job-run.js';
import { applicationProviding, newestApplication } from '../instrumented-applications.js';
import { readCarrier, type CarryingJob } from '../job-carrier.js';
import { definePatch } from '../patch.js';
import { processorName } from './processor-names.js';

/** A queue of Bull, which runs its own jobs. */
export interface BullQueue {
  readonly name: string;
  /** What processes the jobs of each name: functions that return a promise. */
  readonly handlers: Record<string, Handler>;
  setHandler(name: string, handler: unknown): void;
  emit(event: string | symbol, ...args: unknown[]): boolean;
}

/** A job as a queue holds it: an object of its own for each attempt. */
interface Job extends CarryingJob {
  readonly name: string;
  readonly queue: BullQueue;
  /** How often it has failed. */
  readonly attemptsMade: number;
}

type Handler = (job: Job, ...rest: unknown[]) => Promise<unknown>;

const HANDLERS = definePatch({
  package: 'bull',
  target: 'Queue.prototype.setHandler',
  gives: 'a trace and an access log line for each attempt of a job',
  without: 'jobs are not traced',
  why: 'Bull has no hook around the function that processes a job',
});
const EVENTS = definePatch({
  package: 'bull',
  target: 'Queue.prototype.emit',
  gives:
    "the job's context in listeners such as `@OnQueueCompleted`, and the end of a job that stalled or has no processor",
  without: 'listeners for the events of a queue have no context',
  why: "an event emitter runs all listeners in the emitter's context, and has no hook for it",
});

/** All events whose first argument is the job. `removed` belongs to the code that removes it. */
const JOB_EVENTS: ReadonlySet<string | symbol> = new Set([
  'active',
  'progress',
  'completed',
  'failed',
  'stalled',
  'lock-extension-failed',
]);

const owners = new WeakMap<BullQueue, TracedApplication>();
const runs = new WeakMap<Job, JobRun>();
const tracedHandlers = new WeakSet<Handler>();

/** Lets all queues of a class run each attempt of a job in a trace. */
export function traceAttempts(prototype: BullQueue): void {
  const isTraced = HANDLERS.method(
    prototype,
    'setHandler',
    (set) =>
      function (this: BullQueue, name, handler) {
        set.call(this, name, handler);
        traceHandler(this, name, handler);
      },
  );
  if (!isTraced) return;
  EVENTS.method(
    prototype,
    'emit',
    (emit) =>
      function (this: BullQueue, event, ...args) {
        const emitHere = (): boolean => emit.call(this, event, ...args) as boolean;
        const [job, error] = args;
        if (!JOB_EVENTS.has(event) || !isJobOf(this, job)) return emitHere();
        return emitAbout(job, event, error, emitHere);
      },
  );
}

/** The same for the processors that a queue has already. */
export function traceHandlers(queue: BullQueue): void {
  const handlers = HANDLERS.read('handlers', () => queue.handlers);
  for (const name of Object.keys(handlers ?? {})) traceHandler(queue, name);
}

function traceHandler(queue: BullQueue, name: string, given?: unknown): void {
  const handler = HANDLERS.read('handlers', () => queue.handlers[name]);
  if (typeof handler !== 'function' || tracedHandlers.has(handler)) return;
  let label: string | undefined;
  const traced: Handler = (job, ...rest) => {
    const application = applicationOf(queue);
    if (application === undefined) return handler(job, ...rest);
    label ??= processorName(application, queue.name, name, given);
    const run = openRun(application, job, { handler: label, attempt: job.attemptsMade + 1 });
    return run.process(() => handler(job, ...rest));
  };
  tracedHandlers.add(traced);
  queue.handlers[name] = traced;
}

/** Emits an event in the context of its job. */
function emitAbout(job: Job, event: string | symbol, error: unknown, emit: () => boolean): boolean {
  const run = runs.get(job);
  if (run !== undefined) {
    // One that takes longer than its `timeout` fails while it is processed.
    if (event === 'failed') run.fail(error);
    return run.enter(emit);
  }
  const application = applicationOf(job.queue);
  if (application === undefined) return emit();
  const { handlers } = job.queue;
  const hasHandler = job.name in handlers || '*' in handlers;
  // One without a processor has failed by now.
  const attempt = job.attemptsMade + (hasHandler ? 1 : 0);
  if (event === 'failed') {
    const failed = openRun(application, job, { attempt });
    failed.fail(error);
    return failed.enter(emit);
  }
  // What another process was at has stalled, and there will be a line for the next attempt.
  if (event !== 'stalled') return emit();
  return application.runUnitOfWork({ ...workOf(job, { attempt }), isContextOnly: true }, emit);
}

interface Attempt {
  readonly attempt: number;
  readonly handler?: string | undefined;
}

function openRun({ runUnitOfWork }: TracedApplication, job: Job, attempt: Attempt): JobRun {
  const run = new JobRun(runUnitOfWork, workOf(job, attempt));
  runs.set(job, run);
  return run;
}

function workOf(job: Job, { attempt, handler }: Attempt): UnitOfWork {
  const { name, queue, opts } = job;
  const read = readCarrier(job);
  return {
    kind: 'job',
    transport: 'bull',
    handler,
    ...(opts?.repeat === undefined && { read }),
    fields: { queue: queue.name, job: name, attempt },
  };
}

/** The application that provides a queue; for one that was made by hand, the newest. */
function applicationOf(queue: BullQueue): TracedApplication | undefined {
  const known = owners.get(queue);
  if (known !== undefined) return known;
  const provider = applicationProviding(queue);
  if (provider !== undefined) owners.set(queue, provider);
  return provider ?? newestApplication();
}

/** Some events have only the id of a job, and an application may emit what it likes. */
function isJobOf(queue: BullQueue, value: unknown): value is Job {
  const { queue: own, opts } = Object(value) as Partial<Job>;
  return own === queue && typeof opts === 'object' && opts !== null;
}
