import { currentTrace } from '../../context/active-trace.js';
import { allHeaders, type TraceHeaders } from '../../trace/propagation.js';
import { noteSent } from '../../trace/sent-names.js';
import type { Span } from '../../trace/span.js';
import type { Trace } from '../../trace/trace.js';
import type { SpanStart } from '../../records/span-record.js';
import { runCovered } from '../../spans/client-call.js';
import { applicationOfTrace } from '../instrumented-applications.js';
import {
  takeCarrier,
  takeCarriers,
  withCarrier,
  type CarryingJob,
  type JobOptions,
} from '../job-carrier.js';
import { definePatch } from '../patch.js';
import { hasMethods, ownerOf } from '../provided-class.js';
import { MAX_NOTED, readName } from '../sent-jobs.js';

/** One job of `addBulk`, or one node of a flow. */
interface JobNode {
  readonly queueName?: string;
  readonly opts?: JobOptions | undefined;
  readonly children?: readonly JobNode[] | undefined;
}

/** A queue or a flow producer, whose jobs may go to several queues. */
interface Producer {
  readonly name?: string;
  add: Add;
  addBulk: Add;
}

/** The class of jobs, which a queue has a protected getter for. */
interface JobClass {
  fromJSON(...args: unknown[]): CarryingJob;
}

/** A method of one that adds jobs. */
type Add = (...args: unknown[]) => Promise<unknown>;

/** What such a method is given, and how a trace gets into it. */
interface Addition {
  /** The jobs that it adds, or the flows that they are in. */
  jobs(args: readonly unknown[]): readonly unknown[];
  /** How many jobs it adds, as far as can be seen without looking into flows. */
  count(args: readonly unknown[]): number;
  /** The queue, where it is not the producer's own and there is only one. */
  queue?(args: readonly unknown[]): string | undefined;
  carry(args: readonly unknown[], headers: TraceHeaders): unknown[];
}

const ADD = definePatch({
  package: 'bullmq',
  target: 'the methods `add` and `addBulk` of `Queue` and `FlowProducer`',
  gives: 'a span for each call that adds jobs, and its trace in the options of the jobs',
  without: 'jobs do not carry the trace of what adds them',
  why:
    "BullMQ's `telemetry` carries one string, which belongs to the telemetry that an application " +
    'may have set itself',
});

const JOBS = definePatch({
  package: 'bullmq',
  target: 'Job.fromJSON',
  gives: 'jobs from Redis whose options are those that were given',
  without: 'the options of a job that is read with `queue.getJob` hold its trace, too',
  why: 'BullMQ has no hook for a job that it reads',
});

const JOB: Addition = {
  jobs: ([name]) => [{ name }],
  count: () => 1,
  carry: ([name, data, options, ...rest], headers) => [
    name,
    data,
    withCarrier(options as JobOptions | undefined, headers),
    ...rest,
  ],
};
const FLOW: Addition = {
  jobs: ([flow]) => [flow],
  count: () => 1,
  queue: ([flow]) => (flow as JobNode | undefined)?.queueName,
  carry: ([flow, ...rest], headers) => [nodeWithCarrier(flow as JobNode, headers), ...rest],
};
const BULK: Addition = {
  jobs: ([nodes]) => (Array.isArray(nodes) ? nodes : []),
  count: ([nodes]) => (Array.isArray(nodes) ? nodes.length : 0),
  carry: ([nodes, ...rest], headers) => [nodesWithCarrier(nodes, headers), ...rest],
};

/**
 * Lets a queue or flow producer send the trace in which it is used, and with it all others of its
 * class. Each call is one span, and the parent of all jobs that it adds: thousands of them in one
 * call would fill a trace. Anything else is left alone.
 */
export function traceQueue(instance: unknown): void {
  if (typeof instance !== 'object' || instance === null) return;
  const isFlowProducer = hasMethods(instance, 'getFlow');
  // A queue of the older Bull has no `waitUntilReady`.
  if (!hasMethods(instance, 'waitUntilReady')) return;
  if (!isFlowProducer && !hasMethods(instance, 'getJobCounts')) return;
  traceAdding(instance, 'add', isFlowProducer ? FLOW : JOB);
  traceAdding(instance, 'addBulk', BULK);
  if (isFlowProducer) return;
  const Job = (instance as { Job?: JobClass }).Job;
  if (Job !== undefined) hideCarriers(Job);
}

function hideCarriers(Job: JobClass): void {
  JOBS.method(
    Job,
    'fromJSON',
    (fromJson) =>
      function (this: JobClass, ...args) {
        const job = fromJson.apply(this, args) as CarryingJob;
        takeCarrier(job);
        return job;
      },
  );
}

function traceAdding(instance: object, method: 'add' | 'addBulk', addition: Addition): void {
  ADD.method(
    ownerOf(instance, method) as Producer | undefined,
    method,
    (add) =>
      function (this: Producer, ...args) {
        const trace = currentTrace();
        const application = trace === undefined ? undefined : applicationOfTrace(trace);
        if (trace === undefined || application === undefined) {
          return add.apply(this, args) as Promise<unknown>;
        }
        const queue = addition.queue?.(args) ?? this.name;
        noteJobs(trace, this.name, addition.jobs(args));
        const span = application.openSpan(spanOf(method, queue, addition.count(args)));
        const headers = allHeaders(trace, span?.spanId);
        const carried = addition.carry(args, headers);
        const added = runCovered(span, () => add.apply(this, carried)) as Promise<unknown>;
        // Before the caller gets the jobs, as this is the first to wait for them.
        endWith(added, span);
        return added;
      },
  );
}

/** The names of jobs, and of all in their flows: of a flow the job that waits for the others first. */
function noteJobs(trace: Trace, ownQueue: string | undefined, jobs: readonly unknown[]): void {
  const waiting = [...jobs.slice(0, MAX_NOTED)];
  // A loop that reads what it adds.
  for (let i = 0; i < waiting.length && i < MAX_NOTED; i++) {
    const job = waiting[i];
    if (typeof job !== 'object' || job === null) continue;
    const { queueName = ownQueue, children } = job as JobNode;
    const name = readName(job);
    const isNamed = typeof name === 'string' && name !== '';
    noteSent(trace, 'bullmq', isNamed ? `${queueName ?? '?'}/${name}` : (queueName ?? '?'));
    if (Array.isArray(children)) waiting.push(...children.slice(0, MAX_NOTED));
  }
}

/** @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/ */
function spanOf(operation: string, queue: string | undefined, count: number): SpanStart {
  return {
    name: queue === undefined ? operation : `${operation} ${queue}`,
    kind: 'producer',
    attributes: {
      'messaging.system': 'bullmq',
      'messaging.operation.name': operation,
      'messaging.operation.type': 'send',
      ...(queue !== undefined && { 'messaging.destination.name': queue }),
      ...(operation === 'addBulk' && { 'messaging.batch.message_count': count }),
    },
  };
}

function endWith(adding: Promise<unknown>, span: Span | undefined): void {
  // A queue class of the application's own may return something else than a promise.
  const done = Promise.resolve(adding).then(takeCarriers);
  done.then(
    () => span?.end(),
    (error: unknown) => span?.fail(error),
  );
}

function nodesWithCarrier(nodes: unknown, headers: TraceHeaders): unknown {
  return Array.isArray(nodes) ? nodes.map((node) => nodeWithCarrier(node, headers)) : nodes;
}

function nodeWithCarrier(node: JobNode, headers: TraceHeaders): JobNode {
  const opts = withCarrier(node?.opts, headers);
  if (node?.children === undefined) return { ...node, opts };
  return { ...node, opts, children: nodesWithCarrier(node.children, headers) as JobNode[] };
}
