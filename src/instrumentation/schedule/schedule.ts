import type { ModulesContainer } from '@nestjs/core';
import type { RunUnitOfWork, TracedApplication, UnitOfWork } from '../../context/unit-of-work.js';
import { prototypesOf } from '../provided-class.js';
import {
  markTraced,
  traceCronJobs,
  type Callback,
  type SchedulerRegistry,
} from './schedule-registry.js';
import { applicationOf } from '../instrumented-applications.js';

/** What finds the methods with `@Cron`, `@Interval` and `@Timeout`. */
interface ScheduleExplorer {
  readonly discoveryService: { readonly modulesContainer: ModulesContainer };
  readonly schedulerOrchestrator: { readonly schedulerRegistry: SchedulerRegistry };
  explore(): void;
  /** Makes the function that the timer calls. It logs what the method throws, and goes on. */
  wrapFunctionInTryCatchBlocks(method: Callback, instance: object): Callback<Promise<void>>;
}

const TRACED = Symbol.for('nestjs-tracing.v1.schedule');
// The metadata that the decorators leave on a method.
const SCHEDULER_TYPE = 'SCHEDULER_TYPE';
const SCHEDULER_NAME = 'SCHEDULER_NAME';
const TRANSPORTS: Readonly<Record<number, string>> = { 1: 'cron', 2: 'timeout', 3: 'interval' };

/** Readies `@nestjs/schedule` to run every job in a trace of its own. */
export function prepareSchedule({ modules }: TracedApplication): void {
  const explorers = prototypesOf<ScheduleExplorer>(modules, 'ScheduleModule', 'ScheduleExplorer');
  for (const explorer of explorers) traceRuns(explorer);
}

function traceRuns(explorer: ScheduleExplorer): void {
  if (TRACED in explorer) return;
  Object.defineProperty(explorer, TRACED, { value: true });
  const { explore, wrapFunctionInTryCatchBlocks: guard } = explorer;
  explorer.explore = function () {
    const host = applicationOf(this.discoveryService.modulesContainer);
    if (host !== undefined) {
      traceCronJobs(this.schedulerOrchestrator.schedulerRegistry, host.runUnitOfWork);
    }
    explore.call(this);
  };
  explorer.wrapFunctionInTryCatchBlocks = function (method, instance) {
    const host = applicationOf(this.discoveryService.modulesContainer);
    if (host === undefined) return guard.call(this, method, instance);
    const guarded = (inner: Callback): Callback<Promise<void>> => guard.call(this, inner, instance);
    return markTraced(runGuarded(host.runUnitOfWork, workOf(method, instance), method, guarded));
  };
}

/**
 * The handling of errors runs inside the run, so that it logs in its context. It also hides them,
 * so the run has to be told.
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
