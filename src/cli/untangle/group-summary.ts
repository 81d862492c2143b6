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
