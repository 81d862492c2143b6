import type { TracedApplication } from '../../context/traced-application.js';
import type { UnitOfWork } from '../../context/unit-of-work.js';
import { applicationProviding, newestApplication } from '../instrumented-applications.js';
import { readCarrier, withRunCarrier, type CarryingJob } from '../job-carrier.js';
import { definePatch } from '../patch.js';
import { ownerOf } from '../provided-class.js';
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
  /** What a sandboxed processor gets. */
  asJSONSandbox(): object;
}

/** Whose work the jobs of a worker are, and what processes them. */
export interface Owner {
  readonly application: TracedApplication;
  readonly handler?: string | undefined;
}

type FindOwner = (worker: BullWorker) => Owner | undefined;

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
const SANDBOX = definePatch({
  package: 'bullmq',
  target: 'Job.prototype.asJSONSandbox',
  gives: 'the trace of a job in the process or thread of its sandboxed processor',
  without: '`traceTask` finds no trace in sandboxed processors',
  why: 'BullMQ has no hook for what it sends to a sandboxed processor',
});

/** The events of a worker that are about one job, which is their first argument. */
const JOB_EVENTS: ReadonlySet<string> = new Set(['active', 'progress', 'completed', 'failed']);

/** The workers that are traced one by one. */
const single = new WeakSet<BullWorker>();
const runs = new WeakMap<object, JobRun>();

/**
 * Traces a worker of BullMQ that is made by hand: each attempt of a job continues the trace of the
 * code that added it, and ends with one access log line. Workers of `@Processor` classes and of
 * `BullModule.registerQueue({ processors })` are traced without it.
 *
 * Call it before the worker gets its first job, which is right after it is made. The jobs belong to
 * the application that provides the worker, else to the one that was started last; while there is
 * none, they run as they would without this. A worker whose processor is a file is traced too: put
 * `traceTask` around the function in that file to have the ids there.
 *
 * Anything else than a worker is left alone, with one warning (`TRACING_UNSUPPORTED`).
 *
 * @returns the same worker.
 *
 * @publicApi
 *
 * @example
 * const worker = traceWorker(new Worker('mails', sendMail, { connection }));
 *
 * @see https://docs.bullmq.io/guide/workers
 */
export function traceWorker<W extends object>(worker: W): W {
  const known = new WeakMap<BullWorker, TracedApplication>();
  traceSingle(worker as Partial<BullWorker>, (one) => {
    const application = known.get(one) ?? applicationProviding(one);
    if (application !== undefined) known.set(one, application);
    const found = application ?? newestApplication();
    return found && { application: found };
  });
  return worker;
}

/** Traces the worker of a provider. */
export function traceWorkerOf(owner: Owner, worker: BullWorker): void {
  traceSingle(worker, () => owner);
}

/** Traces all workers of a class that have an owner and are not traced one by one. */
export function traceWorkersOf(prototype: BullWorker, findOwner: FindOwner): void {
  const ownerIn: FindOwner = (worker) => (single.has(worker) ? undefined : findOwner(worker));
  const isTraced = PROCESS.method(prototype, 'callProcessJob', processing(ownerIn));
  // An event begins the attempt, and only the processor ends every one of them.
  if (isTraced) EVENTS.method(prototype, 'emit', emitting(ownerIn));
}

function traceSingle(worker: Partial<BullWorker>, findOwner: FindOwner): void {
  const one = worker as BullWorker;
  if (!PROCESS.methodOfInstance(one, 'callProcessJob', processing(findOwner))) return;
  EVENTS.methodOfInstance(one, 'emit', emitting(findOwner));
  single.add(one);
}

function processing(findOwner: FindOwner) {
  return (callProcessJob: Function): BullWorker['callProcessJob'] =>
    async function (this: BullWorker, job, ...rest) {
      const call = (): Promise<unknown> =>
        callProcessJob.call(this, job, ...rest) as Promise<unknown>;
      const run = runOf(this, job, findOwner);
      if (run === undefined) return call();
      // Set where the processor is a file.
      if (Reflect.get(this, 'childPool') !== undefined) carryToSandboxes(job);
      return run.process(call, PUTS_BACK);
    };
}

function emitting(findOwner: FindOwner) {
  return (emit: Function): BullWorker['emit'] =>
    function (this: BullWorker, event, ...args) {
      const emitHere = (): boolean => emit.call(this, event, ...args) as boolean;
      // A job that fails may be gone from Redis by then.
      if (!JOB_EVENTS.has(event) || args[0] === undefined) return emitHere();
      const run = runOf(this, args[0] as BullJob, findOwner);
      if (run === undefined) return emitHere();
      // One that stalled too often fails without being processed again.
      if (event === 'failed') run.fail(args[1]);
      return run.enter(emitHere);
    };
}

function runOf(worker: BullWorker, job: BullJob, findOwner: FindOwner): JobRun | undefined {
  const owner = findOwner(worker);
  if (owner === undefined) return undefined;
  const known = runs.get(job);
  if (known !== undefined) return known;
  const run = new JobRun(owner.application.runUnitOfWork, workOf(job, owner.handler));
  runs.set(job, run);
  return run;
}

function carryToSandboxes(job: BullJob): void {
  SANDBOX.method(
    ownerOf(job, 'asJSONSandbox') as BullJob | undefined,
    'asJSONSandbox',
    (asJson) =>
      function (this: BullJob) {
        const json = asJson.call(this) as object;
        return runs.get(this)?.enter(() => withRunCarrier(json)) ?? json;
      },
  );
}

function workOf(job: BullJob, handler: string | undefined): UnitOfWork {
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
