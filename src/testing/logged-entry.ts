import type { LogRecord } from '../records/channels.js';
import type { CapturedEntry } from '../logging/winston/captured-entry.js';
import { jsonLine } from '../logging/formats/json-format.js';
import { presetOf } from '../logging/formats/presets.js';

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

/** Makes the function that copies entries as they are logged. */
export function entryReader(service: string): (event: LogRecord) => LoggedEntry {
  const line = jsonLine(presetOf(undefined), service);
  return ({ entry }) =>
    JSON.parse(line(entry as CapturedEntry), (_, value: unknown) =>
      Object.freeze(value),
    ) as LoggedEntry;
}
