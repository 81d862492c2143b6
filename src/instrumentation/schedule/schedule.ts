import type { TracedApplication } from '../../context/traced-application.js';
import type { RunUnitOfWork, UnitOfWork } from '../../context/unit-of-work.js';
import { applicationProviding } from '../instrumented-applications.js';
import { definePatch } from '../patch.js';
import { hasMethods, providedObjects, prototypesOf } from '../provided-class.js';
import {
  markTraced,
  traceCronJobs,
  type Callback,
  type SchedulerRegistry,
} from './schedule-registry.js';

/** What finds the methods with `@Cron`, `@Interval` and `@Timeout`. */
interface ScheduleExplorer {
  explore(): void;
  /** Makes the function that the timer calls. It logs what the method throws, and goes on. */
  wrapFunctionInTryCatchBlocks(method: Callback, instance: object): Callback<Promise<void>>;
}

const EXPLORE = definePatch({
  package: '@nestjs/schedule',
  target: 'ScheduleExplorer.prototype.explore',
  gives: 'a trace for each run of a cron job that is added to the `SchedulerRegistry`',
  without: 'cron jobs that are added by hand are not traced',
  why: 'jobs may be added before `onModuleInit` of any other module, and start at once',
});
const GUARD = definePatch({
  package: '@nestjs/schedule',
  target: 'ScheduleExplorer.prototype.wrapFunctionInTryCatchBlocks',
  gives: 'a trace for each run of a method with `@Cron`, `@Interval` or `@Timeout`',
  without: 'scheduled methods are not traced',
  why: 'what a method throws is caught and logged here, which a wrapper of the method is inside of',
});

// The metadata that the decorators leave on a method.
const SCHEDULER_TYPE = 'SCHEDULER_TYPE';
const SCHEDULER_NAME = 'SCHEDULER_NAME';
const TRANSPORTS: Readonly<Record<number, string>> = { 1: 'cron', 2: 'timeout', 3: 'interval' };

/** Prepares `@nestjs/schedule` to run every job in a trace of its own. */
export function prepareSchedule({ modules }: TracedApplication): void {
  for (const explorer of prototypesOf<ScheduleExplorer>(
    modules,
    isScheduleModule,
    'ScheduleExplorer',
  )) {
    traceRuns(explorer);
  }
}

/** By its name, and a static method that users call. */
function isScheduleModule(type: Function): boolean {
  return type.name === 'ScheduleModule' && hasMethods(type, 'forRoot');
}

function traceRuns(explorer: ScheduleExplorer): void {
  EXPLORE.method(
    explorer,
    'explore',
    (explore) =>
      function (this: ScheduleExplorer) {
        const application = applicationProviding(this);
        if (application !== undefined) traceRegistries(application);
        explore.call(this);
      },
  );
  GUARD.method(
    explorer,
    'wrapFunctionInTryCatchBlocks',
    (guard) =>
      function (this: ScheduleExplorer, method, instance) {
        const guarded = (inner: Callback): Callback<Promise<void>> =>
          guard.call(this, inner, instance) as Callback<Promise<void>>;
        const application = applicationProviding(this);
        if (application === undefined) return guarded(method);
        const work = workOf(method, instance);
        return markTraced(runGuarded(application.runUnitOfWork, work, method, guarded));
      },
  );
}

function traceRegistries({ modules, runUnitOfWork }: TracedApplication): void {
  for (const provided of providedObjects(modules)) {
    // By a method that this package does not need, so that the ones that it needs are checked.
    if (hasMethods(provided, 'deleteCronJob')) {
      traceCronJobs(provided as SchedulerRegistry, runUnitOfWork);
    }
  }
}

/**
 * The handling of errors runs inside the run, so that it logs in its context. It also hides them
 * from the run, which has to fail all the same.
 */
function runGuarded(
  runUnitOfWork: RunUnitOfWork,
  work: UnitOfWork,
  method: Callback,
  guarded: (inner: Callback) => Callback<Promise<void>>,
): Callback<Promise<void>> {
  return async (...args) => {
    const run = async (): Promise<void> => {
      const failures: unknown[] = [];
      const inner = guarded(async function (this: unknown, ...rest) {
        try {
          return await method.apply(this, rest);
        } catch (error) {
          failures.push(error);
          throw error;
        }
      });
      await inner(...args);
      if (failures.length > 0) throw failures[0];
    };
    // NestJS has logged the error, and the access log line says that the run failed.
    await runUnitOfWork(work, run).catch(() => {});
  };
}

function workOf(method: Callback, instance: object): UnitOfWork {
  const handler = `${instance.constructor.name}.${keyOf(method, instance)}`;
  const type = Reflect.getMetadata(SCHEDULER_TYPE, method) as number;
  const name = Reflect.getMetadata(SCHEDULER_NAME, method) as string | undefined;
  const transport = TRANSPORTS[type] ?? 'schedule';
  return { kind: 'run', transport, handler, fields: { job: name ?? handler } };
}

/** Other decorators may have put a function of another name, or of none, in the method's place. */
function keyOf(method: Callback, instance: object): string {
  let prototype = Object.getPrototypeOf(instance) as object | null;
  while (prototype !== null) {
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (value === method) return key;
    }
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return method.name;
}
