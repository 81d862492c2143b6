import type { LogRecord } from '../records/log-record.js';

/**
 * An entry as the module's own JSON has it, whatever the application's format: ids outside a trace
 * are `-`, an error is its name, message, stack and cause, a date is a string. Frozen.
 */
export interface LoggedEntry {
  /** When the logger was called: ISO 8601, UTC. */
  readonly timestamp: string;
  readonly level: string;
  /** As the call had it; no format has filled in its placeholders. */
  readonly message: string;
  readonly trace_id: string;
  readonly request_id: string;
  readonly session_id: string;
  readonly span_id: string;
  readonly service: string;
  /** The logger's, as in `PaymentService`. */
  readonly context?: string;
  readonly error?: unknown;
  /** What `TraceContext.set` added, and the entry's own. */
  readonly [field: string]: unknown;
}

/** Copies an entry. */
export function loggedEntry(record: LogRecord, service: string): LoggedEntry {
  return JSON.parse(record.json(service), (_, value: unknown) =>
    Object.freeze(value),
  ) as LoggedEntry;
}
