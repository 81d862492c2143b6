import type { TracedApplication } from '../../context/traced-application.js';
import type { UnitOfWork } from '../../context/unit-of-work.js';
import { carrierText } from '../../trace/carrier-text.js';
import type { ReadCarrier } from '../../trace/propagation.js';
import { parseTraceparent } from '../../trace/traceparent.js';
import { JobRun } from '../bullmq/job-run.js';

/** What a message failed with. */
export interface Failure {
  readonly error: unknown;
}

/**
 * Runs a batch. Each of its messages ends in the trace of its sender. What handles all of them is a
 * run of its own, in that trace where it is the same for all.
 *
 * @param works those of the messages.
 * @param failureOf what it failed with, once it has been handled.
 */
export async function runBatch<T>(
  { runUnitOfWork }: TracedApplication,
  works: readonly UnitOfWork[],
  handle: () => Promise<T>,
  failureOf: () => Failure | undefined,
): Promise<T> {
  const runs = works.map((work) => new JobRun(runUnitOfWork, work));
  const [first, ...others] = works.map(({ read }) => traceIdIn(read));
  const isOne = first !== undefined && others.every((id) => id === first);
  const batch = new JobRun(runUnitOfWork, {
    kind: 'run',
    transport: 'rabbitmq',
    handler: works[0]?.handler,
    ...(isOne && works[0]?.read && { read: works[0].read }),
    fields: { pattern: works[0]?.fields?.pattern },
  });
  return batch.process(async () => {
    try {
      return await handle();
    } finally {
      const failure = failureOf();
      if (failure !== undefined) for (const run of [batch, ...runs]) run.fail(failure.error);
      for (const run of runs) run.complete();
    }
  });
}

function traceIdIn(read: ReadCarrier | undefined): string | undefined {
  return parseTraceparent(carrierText(read?.('traceparent')))?.traceId;
}
