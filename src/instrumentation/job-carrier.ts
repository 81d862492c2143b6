import type { ReadCarrier, TraceHeaders } from '../trace/propagation.js';

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
}

/** What was taken out of the options of a job. */
const carriers = new WeakMap<CarryingJob, unknown>();

/**
 * Puts a trace on the options of a job, which stay as they are. A job that runs again and
 * again carries none: its runs are not part of the request that happened to set it up.
 */
export function withCarrier(options: JobOptions | undefined, headers: TraceHeaders): JobOptions {
  return options?.repeat === undefined ? { ...options, [CARRIER]: headers } : options;
}

/**
 * Takes the trace out of the options of a job, so that its handler sees those that were given. The
 * job in Redis keeps it: neither package writes the options again.
 */
export function takeCarrier(job: CarryingJob): void {
  const { opts } = job;
  if (typeof opts !== 'object' || opts === null || !Object.hasOwn(opts, CARRIER)) return;
  carriers.set(job, opts[CARRIER]);
  Reflect.deleteProperty(opts, CARRIER);
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
