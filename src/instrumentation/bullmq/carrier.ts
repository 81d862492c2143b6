import type { ReadCarrier, TraceHeaders } from '../../trace/propagation.js';

/**
 * The option of a job that carries its trace. BullMQ keeps what it does not know with the rest of
 * a job's options, through retries and delays; the `telemetry` that it does know belongs to
 * the application's own tracing with BullMQ's interface, and `data` to the user.
 */
const CARRIER = 'nestjs-tracing';

/** The options of a job, as far as they matter here. */
export interface JobOptions {
  /** Set for a job that runs again and again. */
  readonly repeat?: unknown;
  readonly [CARRIER]?: unknown;
}

/**
 * Puts a trace on the options of a job, which stay as they are. A job that runs again and
 * again carries none: its runs are not part of the request that happened to set it up.
 */
export function withCarrier(options: JobOptions | undefined, headers: TraceHeaders): JobOptions {
  return options?.repeat === undefined ? { ...options, [CARRIER]: headers } : options;
}

/** Reads the trace of a job from its options, which came from Redis and are not to be trusted. */
export function readCarrier(options: JobOptions): ReadCarrier {
  const carrier = Object(options[CARRIER]) as Record<string, unknown>;
  return (name) => carrier[name];
}
