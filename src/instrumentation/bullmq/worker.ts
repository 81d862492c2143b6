import type { RunUnitOfWork, UnitOfWork } from '../../context/unit-of-work.js';
import { readCarrier, type CarryingJob } from '../job-carrier.js';
import { definePatch } from '../patch.js';
import { JobRun } from './job-run.js';

/** A worker of BullMQ: an event emitter that calls a function for each job. */
export interface BullWorker {
  emit(event: string, ...args: unknown[]): boolean;
  /** Protected there: called once for each attempt. */
  callProcessJob(job: BullJob, ...rest: unknown[]): Promise<unknown>;
}

/** A job as a worker holds it: an object of its own for each attempt. */
interface BullJob extends CarryingJob {
  readonly name: string;
  readonly queueName: string;
  /** How often it was given to a worker, this time included. */
  readonly attemptsStarted: number;
  /** Of a job that is one run of many. */
  readonly repeatJobKey?: string;
}

/** The names of BullMQ's own errors that put a job back instead of failing it. */
const PUTS_BACK: ReadonlySet<unknown> = new Set([
  'DelayedError',
  'RateLimitError',
  'WaitingError',
  'WaitingChildrenError',
]);

const PROCESS = definePatch({
  package: 'bullmq',
  target: 'Worker.callProcessJob',
  gives: 'a trace for each attempt of a job',
  without: 'jobs are not traced',
  why:
    "BullMQ's `telemetry` names neither the job nor its options, and its one metadata belongs to " +
    'the telemetry that an application may have set itself',
});
const EVENTS = definePatch({
  package: 'bullmq',
  target: 'Worker.emit',
  gives: "the job's context in `@OnWorkerEvent` handlers, and the end of a job that stalled",
  without: 'handlers of worker events have no context',
  why: "an event emitter runs all listeners in the emitter's context, and has no hook for it",
});

/** The events of a worker that are about one job, which is their first argument. */
const JOB_EVENTS: ReadonlySet<string> = new Set(['active', 'progress', 'completed', 'failed']);

/**
 * Lets a worker run each attempt of a job in a context: what processes it, and what listens to the
 * worker's events.
 */
export function traceWorker(
  worker: BullWorker,
  runUnitOfWork: RunUnitOfWork,
  handler: string,
): void {
  const runs = new WeakMap<BullJob, JobRun>();
  const runOf = (job: BullJob): JobRun => {
    const known = runs.get(job);
    if (known !== undefined) return known;
    const run = new JobRun(runUnitOfWork, workOf(job, handler));
    runs.set(job, run);
    return run;
  };
  const isTraced = PROCESS.methodOfInstance(
    worker,
    'callProcessJob',
    (callProcessJob) =>
      function (this: BullWorker, job, ...rest) {
        return runOf(job).process(
          () => callProcessJob.call(this, job, ...rest) as Promise<unknown>,
          PUTS_BACK,
        );
      },
  );
  // An event begins the attempt, and only the processor ends every one of them.
  if (!isTraced) return;
  EVENTS.methodOfInstance(
    worker,
    'emit',
    (emit) =>
      function (this: BullWorker, event, ...args) {
        const emitHere = (): boolean => emit.call(this, event, ...args) as boolean;
        // A job that fails may be gone from Redis by then.
        if (!JOB_EVENTS.has(event) || args[0] === undefined) return emitHere();
        const run = runOf(args[0] as BullJob);
        // One that stalled too often fails without being processed again.
        if (event === 'failed') run.fail(args[1]);
        return run.enter(emitHere);
      },
  );
}

function workOf(job: BullJob, handler: string): UnitOfWork {
  const { name, queueName, attemptsStarted, repeatJobKey } = job;
  const read = readCarrier(job);
  return {
    kind: 'job',
    transport: 'bullmq',
    handler,
    ...(repeatJobKey === undefined && { read }),
    fields: { queue: queueName, job: name, attempt: attemptsStarted },
  };
}
