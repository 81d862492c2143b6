import type { RunUnitOfWork, UnitOfWork } from '../../context/unit-of-work.js';
import { readCarrier, type JobOptions } from './carrier.js';
import { JobRun } from './job-run.js';

/** A worker of BullMQ: an event emitter that calls a function for each job. */
export interface BullWorker {
  emit(event: string, ...args: unknown[]): boolean;
  /** Protected there: what tracers of all kinds wrap, as it is called once for each attempt. */
  callProcessJob(job: BullJob, ...rest: unknown[]): Promise<unknown>;
}

/** A job as a worker holds it: an object of its own for each attempt. */
interface BullJob {
  readonly name: string;
  readonly queueName: string;
  readonly opts: JobOptions;
  /** How often it was given to a worker, this time included. */
  readonly attemptsStarted: number;
  /** Of a job that is one run of many. */
  readonly repeatJobKey?: string;
}

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
  const { emit, callProcessJob } = worker;
  const runs = new WeakMap<BullJob, JobRun>();
  const runOf = (job: BullJob): JobRun => {
    const known = runs.get(job);
    if (known !== undefined) return known;
    const run = new JobRun(runUnitOfWork, workOf(job, handler));
    runs.set(job, run);
    return run;
  };
  worker.callProcessJob = function (job, ...rest) {
    return runOf(job).process(() => callProcessJob.call(this, job, ...rest));
  };
  worker.emit = function (event, ...args) {
    // A job that fails may be gone from Redis by then.
    if (!JOB_EVENTS.has(event) || args[0] === undefined) return emit.call(this, event, ...args);
    const run = runOf(args[0] as BullJob);
    // One that stalled too often fails without being processed again.
    if (event === 'failed') run.fail(args[1]);
    return run.enter(() => emit.call(this, event, ...args));
  };
}

function workOf(job: BullJob, handler: string): UnitOfWork {
  const { name, queueName, opts, attemptsStarted, repeatJobKey } = job;
  return {
    kind: 'job',
    transport: 'bullmq',
    handler,
    ...(repeatJobKey === undefined && { read: readCarrier(opts) }),
    fields: { queue: queueName, job: name, attempt: attemptsStarted },
  };
}
