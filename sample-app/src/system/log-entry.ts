import type { AccessLogRecord } from 'nestjs-tracing';

/** A line of the log as JSON. An access log line has the fields of its {@link AccessLogRecord}. */
export interface LogEntry extends Partial<AccessLogRecord> {
  timestamp: string;
  level: string;
  message: string;
  trace_id: string;
  request_id: string;
  session_id: string;
  service: string;
  /** Who has the session, where the application knows. */
  user?: string;
  /** Whether it is below the level of the log, and was kept until its request failed. */
  recorded?: true;
}

/** An error as a line has it. */
export interface LoggedError {
  name: string;
  message: string;
  cause?: LoggedError;
}

/** The entry that a line is, or nothing if the line is other text. */
export function parseEntry(line: string): LogEntry | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as LogEntry;
  } catch {
    // A process that was killed leaves half a line.
    return undefined;
  }
}

export function isAccessLogLine(entry: LogEntry): boolean {
  return entry.outcome !== undefined;
}

/** The service without the system's name: `worker` of `payments-worker`. */
export function processOf({ service }: LogEntry): string {
  return service.replace('payments-', '');
}
