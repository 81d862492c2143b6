import { AsyncLocalStorage } from 'node:async_hooks';
import { currentTrace } from '../../context/active-trace.js';
import { allHeaders, type TraceHeaders } from '../../trace/propagation.js';
import { noteSent } from '../../trace/sent-names.js';
import type { Trace } from '../../trace/trace.js';
import type { SpanStart } from '../../records/span-record.js';
import { runCovered } from '../../spans/client-call.js';
import { applicationOfTrace } from '../instrumented-applications.js';
import { takeCarriers, withCarrier, type CarryingJob, type JobOptions } from '../job-carrier.js';
import { MAX_NOTED, readName } from '../sent-jobs.js';
import { definePatch } from '../patch.js';

/** A queue of Bull, as far as jobs are added to it. */
export interface AddingQueue {
  readonly name: string;
  /** The connection, which is opened when it is first asked for. */
  readonly client?: unknown;
  readonly clientInitialized?: boolean;
  add: Add;
  addBulk: Add;
}

type Add = (...args: unknown[]) => Promise<unknown>;
type Carry = (args: readonly unknown[], headers: TraceHeaders) => unknown[];

const ADD = definePatch({
  package: 'bull',
  target: 'Queue.prototype.add and addBulk',
  gives: 'a span for each call that adds jobs, and its trace in the options of the jobs',
  without: 'jobs do not carry the trace of what adds them',
  why: 'Bull has no hook for a job that is added',
});
/** Lets all queues of a class send the trace in which they are used. Each call is one span. */
export function traceAdding(prototype: AddingQueue): void {
  const outside = AsyncLocalStorage.snapshot();
  for (const [method, carry] of [
    ['add', carryInJob],
    ['addBulk', carryInJobs],
  ] as const) {
    ADD.method(prototype, method, (add) => tracedAdd(method, add as Add, carry, outside));
  }
}

function tracedAdd(
  method: 'add' | 'addBulk',
  add: Add,
  carry: Carry,
  outside: ReturnType<typeof AsyncLocalStorage.snapshot>,
): Add {
  return function (this: AddingQueue, ...args) {
    const trace = currentTrace();
    const application = trace === undefined ? undefined : applicationOfTrace(trace);
    if (trace === undefined || application === undefined) return add.apply(this, args);
    // The connection outlives the request that is the first to need it.
    if (this.clientInitialized !== true) outside(() => this.client);
    noteJobs(trace, this.name, method, args);
    const span = application.openSpan(spanOf(method, this.name, args));
    const carried = carry(args, allHeaders(trace, span?.spanId));
    const adding = runCovered(span, () => add.apply(this, carried));
    // Before the caller gets the jobs, as this is the first to wait for them.
    const done = Promise.resolve(adding).then(takeCarriers);
    done.then(
      () => span?.end(),
      (error: unknown) => span?.fail(error),
    );
    return adding;
  };
}

/** The name of a job that is given none. */
const DEFAULT_JOB = '__default__';

function noteJobs(
  trace: Trace,
  queue: string,
  method: 'add' | 'addBulk',
  [first]: readonly unknown[],
): void {
  if (method === 'add') {
    noteJob(trace, queue, first);
  } else if (Array.isArray(first)) {
    for (const job of first.slice(0, MAX_NOTED)) noteJob(trace, queue, readName(job));
  }
}

function noteJob(trace: Trace, queue: string, name: unknown): void {
  const isNamed = typeof name === 'string' && name !== DEFAULT_JOB;
  noteSent(trace, 'bull', isNamed ? `${queue}/${name}` : queue);
}

/** The arguments are name, data, options; the name may be left out. */
function carryInJob(args: readonly unknown[], headers: TraceHeaders): unknown[] {
  const index = typeof args[0] === 'string' ? 2 : 1;
  const carried = [...args];
  // Without data the options must not take its place.
  while (carried.length < index) carried.push(undefined);
  carried[index] = withCarrier(args[index] as JobOptions | undefined, headers);
  return carried;
}

function carryInJobs([jobs, ...rest]: readonly unknown[], headers: TraceHeaders): unknown[] {
  if (!Array.isArray(jobs)) return [jobs, ...rest];
  const carried = jobs.map((job: unknown) =>
    typeof job === 'object' && job !== null
      ? { ...job, opts: withCarrier((job as CarryingJob).opts, headers) }
      : job,
  );
  return [carried, ...rest];
}

/** @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/ */
function spanOf(operation: 'add' | 'addBulk', queue: string, [jobs]: unknown[]): SpanStart {
  return {
    name: `${operation} ${queue}`,
    kind: 'producer',
    attributes: {
      'messaging.system': 'bull',
      'messaging.operation.name': operation,
      'messaging.operation.type': 'send',
      'messaging.destination.name': queue,
      ...(operation === 'addBulk' && {
        'messaging.batch.message_count': Array.isArray(jobs) ? jobs.length : 0,
      }),
    },
  };
}
