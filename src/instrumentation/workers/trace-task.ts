import { isMainThread } from 'node:worker_threads';
import type { Logger } from 'winston';
import { AccessLog } from '../../access-log/access-log.js';
import { unitOfWorkRunner } from '../../access-log/run-unit-of-work.js';
import { currentTrace } from '../../context/active-trace.js';
import type { RunUnitOfWork, UnitOfWork } from '../../context/unit-of-work.js';
import { EntryWriter } from '../../logging/winston/entry-writer.js';
import { traceLogger } from '../../logging/winston/trace-logger.js';
import { resolveOptions, type ResolvedTracingOptions } from '../../options/resolve-options.js';
import { checkKeys } from '../../options/check-value.js';
import { TRACE_TASK } from '../../options/option-places.js';
import { shownValue } from '../../options/shown-value.js';
import { readProperty } from '../../records/error-fields.js';
import { TracingConfigError } from '../../records/tracing-config.error.js';
import { readCarriedData, threadCarrier, type CarriedData } from '../../trace/carried-data.js';
import { newestApplication } from '../instrumented-applications.js';
import { hasRunCarrier, readCarrier } from '../job-carrier.js';

/** Options of {@link traceTask}. */
export interface TraceTaskOptions {
  /** The name of the run on its access log line, as `job`. Default: the name of the function. */
  readonly name?: string;
  /**
   * Gets the access log line of each run, in a thread without a NestJS application. The logger is
   * given to `traceLogger`. Default: no line is written there. Where an application with
   * `TracingModule` runs in the thread, the line goes to its log instead.
   */
  readonly logger?: Logger;
}

/**
 * Runs a function of a thread or a child process in the trace of the code that called it: what a
 * logger of `traceLogger` writes there has the ids of the request, `@Span` and `traceFields` work,
 * and the span of the caller is the parent. Use it around the function that gets the data: the one
 * that a file for piscina exports, a listener for `message`, a sandboxed processor of BullMQ or Bull.
 *
 * The data is sent with `trace.carry(data)`, and the function gets it as it was given. Data that was
 * not carried is passed on unchanged: the function runs in the current trace, or else in a new one.
 * Other arguments, `this`, the result and what is thrown are unchanged too. It needs no NestJS
 * application in the thread.
 *
 * @throws {TracingConfigError} `INVALID_TASK` for something else than a function.
 *
 * @publicApi
 *
 * @example
 * // resize.worker.ts, for `pool.run(this.trace.carry({ path, width }))`
 * const logger = traceLogger(createLogger({ format: traceJson(), transports }));
 *
 * export default traceTask(async ({ path, width }: Resize) => {
 *   logger.info('resizing', { path });
 *   return resize(path, width);
 * });
 */
export function traceTask<D, R extends unknown[], T>(
  fn: (data: D, ...rest: R) => T,
  options: TraceTaskOptions = {},
): (data: D | CarriedData<D>, ...rest: R) => T {
  if (typeof fn !== 'function') {
    throw new TracingConfigError(
      'INVALID_TASK',
      `\`traceTask\` was given ${shownValue('fn', fn)}, which is not a function.`,
      'give it the function that gets the data, as in `traceTask(async (data) => …)`.',
    );
  }
  checkKeys(TRACE_TASK, options);
  const { name = fn.name || undefined, logger } = options;
  let run: RunUnitOfWork | undefined;
  const runWork = <V>(work: UnitOfWork, task: () => V): V => {
    const application = newestApplication();
    if (application !== undefined) return application.runUnitOfWork(work, task);
    run ??= threadRunner(logger);
    return run(work, task);
  };
  const task = function (this: unknown, input: D | CarriedData<D>, ...rest: R): T {
    const carried = readCarriedData(input);
    const data = (carried === undefined ? input : carried.data) as D;
    const call = (): T => fn.call(this, data, ...rest);
    const carrier = carried && threadCarrier(carried['nestjs-tracing']);
    // Called directly, in a request, in a job or in a test of the function.
    if (carrier === undefined && currentTrace() !== undefined) return call();
    const work = carried === undefined ? workOfJob(input, name) : undefined;
    return runWork(
      work ?? {
        kind: 'run',
        transport: TRANSPORT,
        fields: { job: name },
        ...(carrier && { carrier }),
      },
      call,
    );
  };
  // Bull calls a processor that has two parameters with a callback.
  return Object.defineProperties(task, {
    name: { value: fn.name, configurable: true },
    length: { value: fn.length, configurable: true },
  });
}

const TRANSPORT = isMainThread
  ? process.send === undefined
    ? 'task'
    : 'child_process'
  : 'worker_threads';

let defaults: ResolvedTracingOptions | undefined;

/** Runs work in a process or thread without an application, with the defaults of one. */
function threadRunner(logger: Logger | undefined): RunUnitOfWork {
  defaults ??= resolveOptions();
  if (logger === undefined) return unitOfWorkRunner(defaults, new AccessLog(false, () => {}));
  const writer = new EntryWriter(traceLogger(logger));
  return unitOfWorkRunner(defaults, new AccessLog({}, writer.writeLine.bind(writer)));
}

/** The work of a job that a sandboxed processor is given; `undefined` for anything else. */
function workOfJob(input: unknown, handler: string | undefined): UnitOfWork | undefined {
  if (typeof input !== 'object' || input === null) return undefined;
  const [id, opts, job, attemptsMade] = ['id', 'opts', 'name', 'attemptsMade'].map((key) =>
    readProperty(input, key),
  );
  if (id === undefined || typeof opts !== 'object' || opts === null) return undefined;
  if (typeof job !== 'string' || typeof attemptsMade !== 'number') return undefined;
  // BullMQ, which also counts attempts that have put the job back.
  const attemptsStarted = readProperty(input, 'attemptsStarted');
  const queueName = readProperty(input, 'queueName');
  const queue = queueName ?? readProperty(Object(readProperty(input, 'queue')) as object, 'name');
  const isRepeated =
    readProperty(input, 'repeatJobKey') !== undefined || readProperty(opts, 'repeat') !== undefined;
  return {
    kind: 'job',
    transport: queueName === undefined ? 'bull' : 'bullmq',
    handler,
    // One run of many begins a trace of its own, but for a worker that has begun it already.
    ...((!isRepeated || hasRunCarrier(input)) && { read: readCarrier(input) }),
    fields: {
      queue: typeof queue === 'string' ? queue : undefined,
      job,
      attempt: typeof attemptsStarted === 'number' ? attemptsStarted : attemptsMade + 1,
    },
  };
}
