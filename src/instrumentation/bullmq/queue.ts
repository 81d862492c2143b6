import { currentTrace } from '../../context/trace-store.js';
import type { OpenSpan } from '../../context/unit-of-work.js';
import { allHeaders, type TraceHeaders } from '../../trace/propagation.js';
import type { Span } from '../../trace/span.js';
import type { SpanStart } from '../../records/span-record.js';
import { ownerOfMethod } from '../provided-class.js';
import { withCarrier, type JobOptions } from './carrier.js';

/** One job of a bulk, or one node of a flow. */
interface JobNode {
  readonly queueName?: string;
  readonly opts?: JobOptions | undefined;
  readonly children?: readonly JobNode[] | undefined;
}

/** A queue or a flow producer, whose jobs may go to several queues. */
interface Producer {
  readonly name?: string;
}

/** A method of one that adds jobs. */
type Add = (this: Producer, ...args: unknown[]) => Promise<unknown>;

/** What such a method is given, and how a trace gets into it. */
interface Addition {
  /** How many jobs it adds, as far as can be seen without looking into flows. */
  count(args: readonly unknown[]): number;
  /** The queue, where it is not the producer's own and there is only one. */
  queue?(args: readonly unknown[]): string | undefined;
  carry(args: readonly unknown[], headers: TraceHeaders): unknown[];
}

const TRACED = Symbol.for('nestjs-tracing.v1.bullmq');

const JOB: Addition = {
  count: () => 1,
  carry: ([name, data, options, ...rest], headers) => [
    name,
    data,
    withCarrier(options as JobOptions | undefined, headers),
    ...rest,
  ],
};
const FLOW: Addition = {
  count: () => 1,
  queue: ([flow]) => (flow as JobNode | undefined)?.queueName,
  carry: ([flow, ...rest], headers) => [nodeWithCarrier(flow as JobNode, headers), ...rest],
};
const BULK: Addition = {
  count: ([nodes]) => (Array.isArray(nodes) ? nodes.length : 0),
  carry: ([nodes, ...rest], headers) => [nodesWithCarrier(nodes, headers), ...rest],
};

/**
 * Lets a queue or flow producer send the trace in which it is used, and with it all others of its
 * class. Each call is one span, and the parent of all jobs that it adds: a bulk of thousands would
 * fill a trace. Anything else is left alone.
 */
export function traceQueue(instance: unknown, openSpan: OpenSpan): void {
  const isFlowProducer = ownerOf(instance, 'getFlow') !== undefined;
  if (!isFlowProducer && ownerOf(instance, 'getJobCounts') === undefined) return;
  wrap(instance, 'add', isFlowProducer ? FLOW : JOB, openSpan);
  wrap(instance, 'addBulk', BULK, openSpan);
}

function wrap(instance: unknown, method: string, addition: Addition, openSpan: OpenSpan): void {
  const owner = ownerOf(instance, method) as Record<string, Add> | undefined;
  const original = owner?.[method];
  if (owner === undefined || original === undefined || TRACED in original) return;
  const traced: Add = function (...args) {
    const trace = currentTrace();
    if (trace === undefined) return original.apply(this, args);
    const span = openSpan(
      spanOf(method, addition.queue?.(args) ?? this.name, addition.count(args)),
    );
    const headers = allHeaders(trace, span?.spanId);
    const added = original.apply(this, addition.carry(args, headers));
    if (span !== undefined) endWith(added, span);
    return added;
  };
  owner[method] = Object.defineProperty(traced, TRACED, { value: true });
}

function ownerOf(instance: unknown, method: string): object | undefined {
  if (typeof instance !== 'object' || instance === null) return undefined;
  return ownerOfMethod(Object.getPrototypeOf(instance) as object | null, method);
}

/** @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/ */
function spanOf(operation: string, queue: string | undefined, count: number): SpanStart {
  return {
    name: queue === undefined ? operation : `${operation} ${queue}`,
    kind: 'producer',
    attributes: {
      'messaging.system': 'bullmq',
      'messaging.operation.name': operation,
      ...(queue !== undefined && { 'messaging.destination.name': queue }),
      ...(operation === 'addBulk' && { 'messaging.batch.message_count': count }),
    },
  };
}

function endWith(added: Promise<unknown>, span: Span): void {
  added.then(
    () => span.end(),
    (error: unknown) => span.fail(error),
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
