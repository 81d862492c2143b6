import { runDetached } from '../../context/trace-store.js';
import type { RunUnitOfWork, UnitOfWork } from '../../context/unit-of-work.js';
import { newestApplication } from '../instrumented-applications.js';
import { definePatch } from '../patch.js';

/** A function that a timer calls. */
export type Callback<R = unknown> = (this: unknown, ...args: unknown[]) => R;

/** The jobs of an application, those that are added by hand among them. */
export interface SchedulerRegistry {
  getCronJobs(): ReadonlyMap<string, CronJob>;
  addCronJob(name: string, job: CronJob): void;
}

/** A job of the `cron` package. */
export interface CronJob {
  readonly name?: string;
  readonly cronTime?: { readonly source?: unknown };
  addCallback(callback: Callback): void;
  fireOnTick(): Promise<void>;
}

const REGISTRY = definePatch({
  package: '@nestjs/schedule',
  target: 'SchedulerRegistry.addCronJob',
  gives: 'a trace for each run of a cron job that is added by hand',
  without: 'cron jobs that are added by hand are not traced',
  why: 'the registry has no hook for jobs that are added',
});
const JOB = definePatch({
  package: 'cron',
  target: 'CronJob',
  gives: 'a trace for each run of a cron job that is added by hand',
  without: 'cron jobs that are added by hand are not traced',
  why: 'a job catches what its functions throw, and those it was made with are private to it',
});

const CLASS = definePatch({
  package: 'cron',
  target: 'CronJob.prototype.addCallback and fireOnTick',
  gives: 'a trace for each run of a job that is made without `@nestjs/schedule`',
  without: 'jobs that are made with `cron` itself are not traced',
  why: 'a job has no hook around its functions',
});

/** The names under which jobs are in a registry, which their runs have. */
const names = new WeakMap<CronJob, string>();

const TRACED = Symbol.for('nestjs-tracing.v1.schedule');
/** Private in `cron`: the functions that a job calls when its time has come. */
const CALLBACKS = '_callbacks';

/** Marks a function that opens a trace itself. */
export function markTraced<F extends Callback>(callback: F): F {
  return Object.defineProperty(callback, TRACED, { value: true });
}

/** Lets the jobs that are added by hand run in traces of their own too. */
export function traceCronJobs(registry: SchedulerRegistry, runUnitOfWork: RunUnitOfWork): void {
  const jobs = REGISTRY.read('cron jobs', () => registry.getCronJobs());
  for (const [name, job] of jobs ?? []) traceCronJob(name, job, runUnitOfWork);
  REGISTRY.methodOfInstance(
    registry,
    'addCronJob',
    (addCronJob) =>
      function (this: SchedulerRegistry, name, job) {
        traceCronJob(name, job, runUnitOfWork);
        addCronJob.call(this, name, job);
      },
  );
}

/** Lets all jobs of the class run in traces of their own, also those that are in no registry. */
export function traceCronClass(prototype: CronJob): void {
  CLASS.method(
    prototype,
    'addCallback',
    (addCallback) =>
      function (this: CronJob, callback) {
        const isOurs = typeof callback !== 'function' || TRACED in callback;
        addCallback.call(this, isOurs ? callback : tracedCallback(this, callback));
      },
  );
  CLASS.method(
    prototype,
    'fireOnTick',
    (fireOnTick) =>
      function (this: CronJob) {
        return runDetached(() => fireOnTick.call(this) as Promise<void>);
      },
  );
}

function tracedCallback(job: CronJob, callback: Callback): Callback {
  return markTraced(function (...args) {
    const application = newestApplication();
    if (application === undefined) return callback.apply(this, args);
    const { name, cronTime } = job;
    // An expression, such as `0 0 * * *`; a date is of one run.
    const source = typeof cronTime?.source === 'string' ? cronTime.source : undefined;
    const work: UnitOfWork = {
      kind: 'run',
      transport: 'cron',
      fields: { job: names.get(job) ?? name ?? source },
    };
    return application.runUnitOfWork(work, () => callback.apply(this, args));
  });
}

function traceCronJob(name: string, job: CronJob, runUnitOfWork: RunUnitOfWork): void {
  names.set(job, name);
  const callbacks = JOB.read(`\`${CALLBACKS}\``, () => callbacksOf(job));
  if (callbacks === undefined) return;
  const work: UnitOfWork = { kind: 'run', transport: 'cron', fields: { job: name } };
  const inRun = (callback: Callback): Callback => {
    if (TRACED in callback) return callback;
    return markTraced(function (...args) {
      return runUnitOfWork(work, () => callback.apply(this, args));
    });
  };
  callbacks.splice(0, callbacks.length, ...callbacks.map(inRun));
  JOB.methodOfInstance(
    job,
    'addCallback',
    (addCallback) =>
      function (this: CronJob, callback) {
        // Anything else than a function is ignored there.
        addCallback.call(this, typeof callback === 'function' ? inRun(callback) : callback);
      },
  );
  JOB.methodOfInstance(
    job,
    'fireOnTick',
    (fireOnTick) =>
      function (this: CronJob) {
        // A job that a request started has that request's context in its timer.
        return runDetached(() => fireOnTick.call(this) as Promise<void>);
      },
  );
}

function callbacksOf(job: CronJob): Callback[] | undefined {
  const callbacks: unknown = Reflect.get(job, CALLBACKS);
  return Array.isArray(callbacks) ? (callbacks as Callback[]) : undefined;
}
