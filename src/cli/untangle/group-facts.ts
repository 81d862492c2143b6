import type { LogLine } from './log-line.js';
import type { RequestFacts } from './request-facts.js';

/** The lines of a request. */
export interface LinesOfRequest {
  readonly lines: readonly LogLine[];
  /** The line that ended it, which is none of {@link lines}. */
  readonly finish: LogLine | undefined;
}

/** What is known of a request: some loggers name its path at its beginning only. */
export function factsOf({ lines, finish }: LinesOfRequest): RequestFacts {
  const early = lines.find((line) => line.facts !== undefined)?.facts;
  return early === undefined ? (finish?.facts ?? {}) : { ...early, ...finish?.facts };
}

/** What some loggers say only on some lines of a request. */
export function idOf(
  { lines, finish }: LinesOfRequest,
  name: 'request' | 'session' | 'trace' | 'span' | 'service',
): string | undefined {
  return finish?.[name] ?? lines.find((line) => line[name] !== undefined)?.[name];
}

/** When it began: milliseconds since the Unix epoch. */
export function startOf({ lines, finish }: LinesOfRequest): number | undefined {
  const first = lines.find((line) => line.time !== undefined)?.time;
  const duration = finish?.facts?.duration_ms;
  if (finish?.time === undefined || duration === undefined) return first ?? finish?.time;
  // Clocks are read at different moments: no line is older than its request.
  return Math.min(finish.time - duration, first ?? Infinity);
}
