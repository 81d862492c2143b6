import { currentTrace } from '../context/active-trace.js';
import { allHeaders, type ReadCarrier, type TraceHeaders } from '../trace/propagation.js';

/**
 * The option of a job that carries its trace, for BullMQ and the older Bull. Both keep what they do
 * not know with the rest of a job's options, through retries and delays; the `telemetry` that
 * BullMQ does know belongs to the application's own tracing, and `data` to the user.
 */
const CARRIER = 'nestjs-tracing';

/** The options of a job, as far as they matter here. */
export interface JobOptions {
  /** Set for a job that runs again and again. */
  readonly repeat?: unknown;
  [CARRIER]?: unknown;
}

/** A job that came from Redis, or that was sent there. */
export interface CarryingJob {
  readonly opts?: JobOptions;
  /** Of a job that a sandboxed processor is given: the trace of the attempt. */
  [CARRIER]?: unknown;
}

/** What was taken out of a job. */
const carriers = new WeakMap<CarryingJob, unknown>();
/** Those that had the trace of their attempt. */
const sandboxed = new WeakSet<CarryingJob>();

/**
 * Puts a trace on the options of a job, which stay as they are. A job that runs again and
 * again carries none: its runs are not part of the request that happened to set it up.
 */
export function withCarrier(options: JobOptions | undefined, headers: TraceHeaders): JobOptions {
  return options?.repeat === undefined ? { ...options, [CARRIER]: headers } : options;
}

/**
 * What is sent to the sandboxed processor of a job, with the trace of the attempt that this runs in.
 * It is beside the options, which are those that were given.
 */
export function withRunCarrier(job: object): object {
  const trace = currentTrace();
  return trace === undefined ? job : { ...job, [CARRIER]: allHeaders(trace, trace.spanId) };
}

/**
 * Whether a job has the trace of the attempt that it is given to a sandboxed processor for. Its run
 * is part of that trace, also where the job is one run of many.
 */
export function hasRunCarrier(job: CarryingJob): boolean {
  return sandboxed.has(job) || Object.hasOwn(job, CARRIER);
}

/**
 * Takes the trace out of a job and its options, so that its handler sees those that were given. The
 * job in Redis keeps it: neither package writes the options again.
 */
export function takeCarrier(job: CarryingJob): void {
  const { opts } = job;
  if (typeof opts !== 'object' || opts === null) return;
  if (Object.hasOwn(opts, CARRIER)) {
    carriers.set(job, opts[CARRIER]);
    Reflect.deleteProperty(opts, CARRIER);
  }
  if (Object.hasOwn(job, CARRIER)) {
    carriers.set(job, job[CARRIER]);
    sandboxed.add(job);
    Reflect.deleteProperty(job, CARRIER);
  }
}

/** Takes it out of all jobs that a method of a queue returns: one, several, or those of flows. */
export function takeCarriers(added: unknown): void {
  if (Array.isArray(added)) {
    for (const one of added) takeCarriers(one);
  } else if (typeof added === 'object' && added !== null) {
    const { job, children } = added as { job?: unknown; children?: unknown };
    takeCarrier(added);
    if (typeof job === 'object' && job !== null) takeCarrier(job);
    if (Array.isArray(children)) takeCarriers(children);
  }
}

/** Reads the trace of a job. It came from Redis and is not to be trusted. */
export function readCarrier(job: CarryingJob): ReadCarrier {
  takeCarrier(job);
  const carrier: unknown = carriers.get(job);
  if (typeof carrier !== 'object' || carrier === null) return () => undefined;
  const headers = carrier as Record<string, unknown>;
  return (name) => (Object.hasOwn(headers, name) ? headers[name] : undefined);
}
