import type { UnitOfWorkFields } from '../records/access-log-record.js';
import type { ReadCarrier } from '../trace/propagation.js';
import { deliveries } from './delivery.js';
import type { UnitOfWork } from './unit-of-work.js';

/**
 * The headers of a message that was fetched by hand: an object whose values are texts, bytes or
 * lists of one of these (kafkajs, amqplib), or something that has them by name, such as a `Map`,
 * `Headers`, or the headers of NATS. What is missing or invalid is ignored.
 */
export type ConsumedHeaders =
  Readonly<Record<string, unknown>> | { get(name: string): unknown } | null | undefined;

/** What every message and job that was fetched by hand may say about itself. */
interface ConsumedDetails {
  /** The system that it came through, in lower case: `kafka`, `rabbitmq`, `redis`, `sqs`. */
  readonly transport: string;
  /** The number of the delivery: 1 for the first. Of kafkajs' `eachMessage` it is known already. */
  readonly attempt?: number | undefined;
  /** What handles it, as in `Payments.onPaid`. */
  readonly handler?: string | undefined;
}

/**
 * A message, whose line is `Message finished`.
 *
 * Its name is for metrics too: one that your code has chosen, never text of the sender.
 */
export interface ConsumedMessage extends ConsumedDetails {
  readonly kind?: 'message' | undefined;
  /** A topic, channel, stream, queue or event. */
  readonly pattern: string;
  readonly queue?: undefined;
  readonly job?: undefined;
}

/** A job, whose line is `Job finished`. Its names are your code's, as those of messages are. */
export interface ConsumedJob extends ConsumedDetails {
  readonly kind?: 'job' | undefined;
  readonly queue: string;
  /** The name of the job. */
  readonly job?: string | undefined;
  readonly pattern?: undefined;
}

/** What a message or job that was fetched by hand is, for its access log line, metrics and span. */
export type ConsumedWork = ConsumedMessage | ConsumedJob;

/** The same from code without types. */
type UncheckedWork = Readonly<Record<keyof ConsumedMessage | keyof ConsumedJob, unknown>>;

const NOTHING: Partial<UncheckedWork> = Object.freeze({});

/** The unit of work for a message or job. What is wrong in it is left out: it never throws. */
export function consumedWork(headers: unknown, work: unknown): UnitOfWork {
  const { kind, transport, pattern, queue, job, attempt, handler } = detailsOf(work);
  const isNamedAsJob = pattern === undefined && (queue ?? job) !== undefined;
  return {
    kind: kind === 'job' || (kind !== 'message' && isNamedAsJob) ? 'job' : 'message',
    transport: text(transport) ?? 'manual',
    read: readerOf(headers),
    handler: text(handler),
    fields: {
      pattern: text(pattern),
      queue: text(queue),
      job: text(job),
      attempt: count(attempt) ?? deliveries.getStore()?.takeAttempt(),
    } satisfies UnitOfWorkFields,
  };
}

function detailsOf(work: unknown): Partial<UncheckedWork> {
  try {
    return { ...(work as Partial<UncheckedWork>) };
  } catch {
    // A getter of the application's own that throws.
    return NOTHING;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function count(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : undefined;
}

function readerOf(headers: unknown): ReadCarrier | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  return (name) => {
    try {
      return readHeader(headers, name);
    } catch {
      // It may be anything, also an object that throws.
      return undefined;
    }
  };
}

function readHeader(headers: object, name: string): unknown {
  const { get, values } = headers as { get?: unknown; values?: unknown };
  // Of NATS: `get` would hide that a header is there twice.
  if (typeof values === 'function' && values.length > 0) return values.call(headers, name);
  if (typeof get === 'function') return get.call(headers, name);
  return Object.hasOwn(headers, name) ? (headers as Record<string, unknown>)[name] : undefined;
}
