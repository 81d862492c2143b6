import { runInStore } from '../../context/trace-store.js';
import type { RunUnitOfWork, UnitOfWork } from '../../context/unit-of-work.js';

/** A function that a timer calls. */
export type Callback<R = unknown> = (this: unknown, ...args: unknown[]) => R;

/** What holds the jobs of an application, those that are added by hand among them. */
export interface SchedulerRegistry {
  getCronJobs(): ReadonlyMap<string, CronJob>;
  addCronJob(name: string, job: CronJob): void;
}

/** A job of the `cron` package. */
interface CronJob {
  addCallback(callback: Callback): void;
  fireOnTick(): Promise<void>;
}

const TRACED = Symbol.for('nestjs-tracing.v1.schedule');
// Private there: what a job calls when its time has come.
const CALLBACKS = '_callbacks';

/** Marks a function that opens a trace itself. */
export function markTraced<F extends Callback>(callback: F): F {
  return Object.defineProperty(callback, TRACED, { value: true });
}

/** Lets the jobs that are added by hand run in traces of their own too. */
export function traceCronJobs(registry: SchedulerRegistry, runUnitOfWork: RunUnitOfWork): void {
  if (TRACED in registry) return;
  Object.defineProperty(registry, TRACED, { value: true });
  for (const [name, job] of registry.getCronJobs()) traceCronJob(name, job, runUnitOfWork);
  const { addCronJob } = registry;
  registry.addCronJob = function (name, job) {
    traceCronJob(name, job, runUnitOfWork);
    addCronJob.call(this, name, job);
  };
}

function traceCronJob(name: string, job: CronJob, runUnitOfWork: RunUnitOfWork): void {
  const callbacks = Reflect.get(job, CALLBACKS) as Callback[] | undefined;
  if (TRACED in job || !Array.isArray(callbacks)) return;
  Object.defineProperty(job, TRACED, { value: true });
  const work: UnitOfWork = { kind: 'run', transport: 'cron', fields: { job: name } };
  const inRun = (callback: Callback): Callback => {
    if (TRACED in callback) return callback;
    return markTraced(function (...args) {
      return runUnitOfWork(work, () => callback.apply(this, args));
    });
  };
  callbacks.splice(0, callbacks.length, ...callbacks.map(inRun));
  const { addCallback, fireOnTick } = job;
  job.addCallback = (callback) => addCallback.call(job, inRun(callback));
  // A job that a request started has that request's context in its timer.
  job.fireOnTick = () => runInStore({}, () => fireOnTick.call(job));
}
