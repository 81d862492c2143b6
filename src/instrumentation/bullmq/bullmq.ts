import { ModulesContainer, type ModuleRef } from '@nestjs/core';
import type { TracedApplication } from '../../context/unit-of-work.js';
import { traceQueue } from './queue.js';
import { traceWorker, type BullWorker } from './worker.js';
import { prototypesOf } from '../provided-class.js';
import { applicationOf } from '../instrumented-applications.js';

/** What `@nestjs/bullmq` makes its workers with: `BullExplorer`, which it does not export. */
interface BullExplorer {
  readonly moduleRef: ModuleRef;
  handleProcessor: HandleProcessor;
}

type HandleProcessor = (this: BullExplorer, instance: WorkerHost, ...rest: unknown[]) => void;

/** What a class with `@Processor` extends. */
interface WorkerHost {
  /** There once its processor is registered. */
  readonly worker: BullWorker;
}

const BULL_MODULE = 'BullModule';
const TRACED = Symbol.for('nestjs-tracing.v1.bullmq');

/** Readies `@nestjs/bullmq` to run each job in a context. */
export function prepareBullmq({ modules }: TracedApplication): void {
  prototypesOf<BullExplorer>(modules, BULL_MODULE, 'BullExplorer').forEach(traceProcessors);
}

/** Lets the queues and flow producers of an application send its traces. */
export function attachBullmq({ modules, openSpan }: TracedApplication): void {
  for (const { metatype, providers } of modules.values()) {
    if (metatype?.name !== BULL_MODULE) continue;
    for (const { instance } of providers.values()) traceQueue(instance, openSpan);
  }
}

function traceProcessors(explorer: BullExplorer): void {
  if (TRACED in explorer || typeof explorer.handleProcessor !== 'function') return;
  const { handleProcessor } = explorer;
  Object.defineProperty(explorer, TRACED, { value: true });
  explorer.handleProcessor = function (instance, ...rest) {
    handleProcessor.call(this, instance, ...rest);
    // The worker asks Redis for its first job, so there is none yet.
    const host = applicationOf(this.moduleRef.get(ModulesContainer, { strict: false }));
    const handler = `${instance.constructor.name}.process`;
    if (host !== undefined) traceWorker(instance.worker, host.runUnitOfWork, handler);
  };
}
