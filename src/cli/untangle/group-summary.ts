import { ERROR_SEVERITY } from '../../records/severity.js';
import type { LogLine } from './log-line.js';
import type { RequestFields } from './request-fields.js';

/** The lines of a request. */
export interface LinesOfRequest {
  readonly lines: readonly LogLine[];
  /** Its access log line, which is not among {@link lines}. */
  readonly accessLogLine: LogLine | undefined;
}

/** The fields of a request: some loggers write its path only at its beginning. */
export function requestFieldsOf({ lines, accessLogLine }: LinesOfRequest): RequestFields {
  const early = lines.find((line) => line.requestFields !== undefined)?.requestFields;
  return early === undefined
    ? (accessLogLine?.requestFields ?? {})
    : { ...early, ...accessLogLine?.requestFields };
}

/** An id or name that some loggers write only on some lines of a request. */
export function idOf(
  { lines, accessLogLine }: LinesOfRequest,
  name: 'request' | 'session' | 'trace' | 'span' | 'service',
): string | undefined {
  return accessLogLine?.[name] ?? lines.find((line) => line[name] !== undefined)?.[name];
}

/** When it began: milliseconds since the Unix epoch. */
export function startOf({ lines, accessLogLine }: LinesOfRequest): number | undefined {
  const first = lines.find((line) => line.time !== undefined)?.time;
  const duration = accessLogLine?.requestFields?.duration_ms;
  if (accessLogLine?.time === undefined || duration === undefined)
    return first ?? accessLogLine?.time;
  // The two times are from different clocks: no line may be older than its request.
  return Math.min(accessLogLine.time - duration, first ?? Infinity);
}

/** From when until when there was something of a request: milliseconds since the Unix epoch. */
export function spanOfTime(group: LinesOfRequest): {
  from: number | undefined;
  to: number | undefined;
} {
  const from = startOf(group);
  const last = group.lines.findLast((line) => line.time !== undefined)?.time;
  const to = group.accessLogLine?.time ?? last ?? from;
  return { from, to };
}

const SERVER_ERROR = 500;

/** Whether a line says that its request has failed. */
export function isFailedLine({ severity, requestFields }: LogLine): boolean {
  return (
    severity >= ERROR_SEVERITY ||
    requestFields?.outcome === 'errored' ||
    (requestFields?.status_code ?? 0) >= SERVER_ERROR
  );
}

/** How long a request took, or what is known of it took so far: milliseconds. */
export function durationOf(group: LinesOfRequest): number | undefined {
  const duration = group.accessLogLine?.requestFields?.duration_ms;
  if (duration !== undefined) return duration;
  const { from, to } = spanOfTime(group);
  return from === undefined || to === undefined ? undefined : to - from;
}
