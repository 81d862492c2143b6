import { sharedState } from './shared-state.js';

/**
 * All warnings of the library, by code. They are Node warnings of the type `TracingWarning`: listen
 * with `process.on('warning', …)`.
 *
 * @see https://nodejs.org/api/process.html#event-warning
 */
const WARNINGS = {
  TRACING_CALLBACK_FAILED: 'A function that was given as an option threw.',
  TRACING_DISK_FULL: 'A log file could not be written because the disk is full.',
  TRACING_ENTRIES_DROPPED:
    'The flight recorder has more to write than it may: the rest is counted and left out.',
  TRACING_ENTRY_FAILED: 'A log entry could not be written.',
  TRACING_EXPORT_DROPPED: 'The collector is too slow: spans or log records were dropped.',
  TRACING_EXPORT_FAILED: 'Spans or log records could not be sent to the collector.',
  TRACING_EXPORT_INCOMPLETE:
    'The application closed before all spans or log records were delivered.',
  TRACING_FIELDS_DROPPED: 'A request has more fields than it may have, or longer ones.',
  TRACING_FORMAT_FAILED: 'A log format threw.',
  TRACING_GRAPHQL_COPIES: 'Two copies of `graphql` are installed: subscriptions are not traced.',
  TRACING_LOGGER_FAILED: 'A winston logger threw.',
  TRACING_LOGGER_UNUSED: 'Requests are traced, but NestJS writes to its own console logger.',
  TRACING_METRICS_WITHOUT_HTTP:
    'The metrics are to be served by an application without an HTTP server.',
  TRACING_NOT_CAPTURED: 'A winston logger was used that `traceLogger` has not seen.',
  TRACING_NOT_LOADED: 'An optional package is installed but could not be loaded.',
  TRACING_OPTION_TOO_LATE: 'A factory returned an option that is needed before it runs.',
  TRACING_PRESET_UNUSED: 'A preset is set, but the format is text.',
  TRACING_REOPEN_FAILED: 'A log file could not be opened again after it was rotated.',
  TRACING_SUBSCRIBER_FAILED: 'A subscriber of a diagnostics channel threw.',
  TRACING_SUBSCRIBER_REPEATS:
    'A subscriber of a diagnostics channel causes events of that channel: it does not get those.',
  TRACING_TRANSPORT_FAILED: 'A log transport reported an error or threw.',
  TRACING_TRANSPORT_STALLED: 'A log transport no longer accepts lines.',
  TRACING_TOO_MANY_OPEN: 'A connection has too many messages or requests that do not end.',
  TRACING_TWO_TRACE_IDS: 'A log and the responses name a trace differently.',
  TRACING_UNSUPPORTED:
    'A package has a version or a structure that is not supported: a part of it is not traced.',
  TRACING_VIEWER_NOT_SHARED:
    'The trace viewer was to be shared by several processes, but does not find the others.',
  TRACING_VIEWER_NOT_KEPT:
    'The folder of the trace viewer cannot be written: its records do not survive a restart.',
  TRACING_VIEWER_WITHOUT_HTTP:
    'The trace viewer is imported in an application without an HTTP server.',
  TRACING_WRITE_FAILED: 'Log lines could not be written.',
  TRACING_WRITE_STALLED: 'Log lines wait for a destination that does not accept them.',
} as const;

/** The code of a warning. */
export type WarningCode = keyof typeof WARNINGS;

const emitted = sharedState('warnings', () => new Set<string>());

/**
 * Emits a warning about something that tracing depends on, such as a transport, format, subscriber
 * or callback that threw. It is emitted once per process, as a Node warning and not through the
 * logger, which may be the broken part. It never throws, whatever `error` is.
 *
 * @param about the subject of the warning, if one code is used for several. Each subject gets one
 *   warning.
 */
export function warnOnce(
  code: WarningCode,
  problem: string,
  error?: unknown,
  about?: string,
): void {
  const key = about === undefined ? code : `${code} ${about}`;
  if (emitted.has(key)) return;
  emitted.add(key);
  const reason = error === undefined ? '' : `: ${describeError(error)}`;
  process.emitWarning(`nestjs-tracing: ${problem}${reason}`, { type: 'TracingWarning', code });
}

function describeError(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    // A value whose conversion to a string throws.
    return 'it cannot be shown';
  }
}
