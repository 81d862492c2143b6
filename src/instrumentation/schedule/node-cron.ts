import { runDetached } from '../../context/trace-store.js';
import { JobRun } from '../bullmq/job-run.js';
import { newestApplication } from '../instrumented-applications.js';
import { definePatch } from '../patch.js';
import { traceCronClass, type CronJob } from './schedule-registry.js';

type Hook = (date: unknown, ...rest: unknown[]) => unknown;

/** What calls the function of a task, and hooks about each run. */
interface Runner {
  /** Calls the function. The last argument of all of these is the run, an object of its own. */
  onMatch: Hook;
  onFinished: Hook;
  onError: Hook;
}

/** A task of node-cron that runs in this process. */
interface InlineTask {
  readonly id: string;
  /** Its id, where it has none. */
  readonly name: string;
  readonly runner?: Runner;
  getPattern?(): unknown;
  start(): unknown;
  execute(id?: string): unknown;
  destroy(): unknown;
}

/** What the package exports. */
interface NodeCron {
  createTask(expression: string, task: () => void): InlineTask;
  getTasks?(): ReadonlyMap<string, InlineTask>;
}

const TASK = definePatch({
  package: 'node-cron',
  target: 'start and execute of the class of tasks',
  gives: 'each task, before its first run',
  without: 'tasks of node-cron are not traced',
  why: 'there is no hook where a task is made',
});
const RUNNER = definePatch({
  package: 'node-cron',
  target: 'onMatch, onFinished and onError of the runner of a task',
  gives: 'a trace for each run of a task, and its context in listeners',
  without: 'tasks of node-cron are not traced',
  why: 'the events of a task are emitted before and after its function, and not around it',
});

/** Lets the jobs of the package `cron` run in traces of their own. */
export function traceCron(exported: object): void {
  const { CronJob: job } = exported as { CronJob?: { readonly prototype?: CronJob } };
  if (job?.prototype !== undefined) traceCronClass(job.prototype);
}

/** Lets the tasks of node-cron run in traces of their own. */
export function traceNodeCron(exported: object): void {
  const { createTask, getTasks } = exported as Partial<NodeCron>;
  // The class is not exported. Versions before 4 have no such function.
  const prototype = TASK.read('class of tasks', () => {
    const probe = createTask?.('* * * * *', () => {});
    probe?.destroy();
    return probe && (Object.getPrototypeOf(probe) as InlineTask);
  });
  if (prototype === undefined) return;
  for (const method of ['start', 'execute'] as const) {
    TASK.method(
      prototype,
      method,
      (run) =>
        function (this: InlineTask, ...args: [string?]) {
          traceTask(this);
          // Its timers must not have the context of a request that happens to start it.
          return runDetached((): unknown => run.apply(this, args));
        },
    );
  }
  for (const task of getTasks?.().values() ?? []) traceTask(task);
}

function traceTask(task: InlineTask): void {
  const runner = RUNNER.read('runner', () => task.runner);
  if (runner === undefined) return;
  const runs = new WeakMap<object, JobRun>();
  RUNNER.methodOfInstance(
    runner,
    'onMatch',
    (onMatch) =>
      function (this: Runner, ...args) {
        const application = newestApplication();
        if (application === undefined) return onMatch.apply(this, args) as unknown;
        const { id, name } = task;
        const job = name === id ? String(task.getPattern?.() ?? name) : name;
        const run = new JobRun(application.runUnitOfWork, {
          kind: 'run',
          transport: 'cron',
          fields: { job },
        });
        const execution = args.at(-1);
        if (typeof execution === 'object' && execution !== null) runs.set(execution, run);
        return run.process(async () => onMatch.apply(this, args) as unknown);
      },
  );
  for (const hook of ['onFinished', 'onError'] as const) {
    RUNNER.methodOfInstance(
      runner,
      hook,
      (original) =>
        function (this: Runner, ...args) {
          const call = (): unknown => original.apply(this, args);
          const run = runs.get(Object(args.at(-1)) as object);
          return run === undefined ? call() : run.enter(call);
        },
    );
  }
}
