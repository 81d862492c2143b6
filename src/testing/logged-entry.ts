import type { LogRecord } from '../records/log-record.js';

/**
 * A log entry as in the JSON format of this library, independent of the application's format: ids
 * outside a trace are `-`, an error is an object with name, message, stack and cause, and a date is
 * a string. It is frozen.
 */
export interface LoggedEntry {
  /** When the logger was called: ISO 8601, UTC. */
  readonly timestamp: string;
  readonly level: string;
  /** The message as it was logged. Placeholders are not replaced. */
  readonly message: string;
  readonly trace_id: string;
  readonly request_id: string;
  readonly session_id: string;
  readonly span_id: string;
  readonly service: string;
  /** The name of the logger, such as `PaymentService`. */
  readonly context?: string;
  readonly error?: unknown;
  /** Fields from `TraceContext.set`, and the fields of the entry itself. */
  readonly [field: string]: unknown;
}

/** Makes a frozen copy of a log record. */
export function loggedEntry(record: LogRecord, service: string): LoggedEntry {
  return JSON.parse(record.json(service), (_, value: unknown) =>
    Object.freeze(value),
  ) as LoggedEntry;
}
