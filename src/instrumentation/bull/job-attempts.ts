import type { TracedApplication } from '../../context/traced-application.js';
import type { UnitOfWork } from '../../context/unit-of-work.js';
import { JobRun } from '../bullmq/job-run.js';
import { applicationProviding, newestApplication } from '../instrumented-applications.js';
import { readCarrier, takeCarrier, withRunCarrier, type CarryingJob } from '../job-carrier.js';
import { definePatch } from '../patch.js';
import { processorName } from './processor-names.js';

/** A queue of Bull, which runs its own jobs. */
export interface BullQueue {
  readonly name: string;
  /** What processes the jobs of each name: functions that return a promise. */
  readonly handlers: Record<string, Handler>;
  emit(event: string | symbol, ...args: unknown[]): boolean;
}

/** A job as a queue holds it: an object of its own for each attempt. */
interface Job extends CarryingJob {
  readonly name: string;
  readonly queue: BullQueue;
  /** How often it has failed. */
  readonly attemptsMade: number;
  toJSON(): object;
}

type Handler = (job: Job, ...rest: unknown[]) => Promise<unknown>;

/** The class of jobs, a static member of the class of queues. */
export interface JobClass {
  fromJSON(queue: BullQueue, ...rest: unknown[]): CarryingJob;
}

const HANDLERS = definePatch({
  package: 'bull',
  target: 'the functions in Queue#handlers',
  gives: 'a trace and an access log line for each attempt of a job',
  without: 'jobs are not traced',
  why: 'Bull has no hook around the function that processes a job',
});
const JOBS = definePatch({
  package: 'bull',
  target: 'Job.fromJSON',
  gives:
    'jobs from Redis whose options are those that were given, and the first sight of a queue that no module provides, or that processes jobs while the application starts',
  without: 'jobs of such queues are not traced, and options of jobs may hold the trace, too',
  why: 'Bull has no hook for a job that it reads',
});
const SANDBOX = definePatch({
  package: 'bull',
  target: 'Job#toJSON',
  gives: 'the trace of a job in the process of its sandboxed processor',
  without: '`traceTask` finds no trace in sandboxed processors',
  why: 'Bull has no hook for what it sends to a sandboxed processor',
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
/** How many processors of a queue are traced. None is ever removed or replaced. */
const traced = new WeakMap<object, number>();

/** Lets all queues of a class run each attempt of a job in a trace. */
export function traceAttempts(prototype: BullQueue, Job: JobClass | undefined): void {
  JOBS.method(
    Job,
    'fromJSON',
    (fromJson) =>
      function (this: JobClass, queue, ...rest) {
        // Before a processor gets the job.
        traceHandlers(queue);
        const job = fromJson.call(this, queue, ...rest) as CarryingJob;
        takeCarrier(job);
        return job;
      },
  );
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

/** Lets a queue run each attempt of a job in a trace. */
export function traceHandlers(queue: BullQueue): void {
  const handlers = HANDLERS.read('handlers', () => queue.handlers);
  if (handlers === undefined) return;
  const names = Object.keys(handlers);
  if (traced.get(handlers) === names.length) return;
  traced.set(handlers, names.length);
  for (const name of names) {
    HANDLERS.methodOfInstance(handlers, name, (handler) => {
      const process = handler as Handler;
      return (job, ...rest) => {
        const application = applicationOf(queue);
        if (application === undefined) return process(job, ...rest);
        const label = processorName(application, queue.name, name);
        const run = openRun(application, job, { handler: label, attempt: job.attemptsMade + 1 });
        return run.process(() =>
          isSandboxed(queue, process)
            ? processInSandbox(job, () => process(job, ...rest))
            : process(job, ...rest),
        );
      };
    });
  }
}

/** Whether a processor is a file. Bull gives it this name, and a function of the user none. */
function isSandboxed(queue: BullQueue, { name }: Handler): boolean {
  return name === 'bound process' && Reflect.get(queue, 'childPool') !== undefined;
}

/** Bull sends the JSON of the job to the process of the file, in the context of the attempt. */
async function processInSandbox<T>(job: Job, process: () => Promise<T>): Promise<T> {
  SANDBOX.methodOfInstance(
    job,
    'toJSON',
    (toJson) =>
      function (this: Job) {
        return withRunCarrier(toJson.call(this) as object);
      },
  );
  try {
    return await process();
  } finally {
    Reflect.deleteProperty(job, 'toJSON');
  }
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
