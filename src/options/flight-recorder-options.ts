import { checkKeys, checkOneOf, checkRecord, checkString, invalid } from './check-value.js';
import { TRACING } from './option-places.js';

/**
 * What the flight recorder keeps of a request, message, job or run, and when it writes it. All of them
 * together have 16 MiB in a process, and at most 10,000 recorded entries are written in a second. What
 * is missing is counted as `dropped_entries` on the access log line.
 *
 * @publicApi
 *
 * @example
 * TracingModule.forRoot({ flightRecorder: { entries: 50, when: ['errored', 'error'] } })
 */
export interface FlightRecorderOptions {
  /** The least severe level that is kept. Default: `debug`. */
  level?: string | undefined;
  /** How many entries of one request, message, job or run are kept: the last ones. Default: 200. */
  entries?: number | undefined;
  /**
   * How many bytes of one are kept, by an estimate. One entry may take a quarter of it: what is beyond
   * is cut. Default: 32,768.
   */
  bytes?: number | undefined;
  /**
   * What makes it write what it has: `errored`, a server-side failure; `rejected`, a status from 400
   * that explains itself, except 401, 403, 404 and 429; `slow`, more than `accessLog.slowerThan`;
   * `error`, an entry at `error` or above. Default: all four. `trace.keep()` always does.
   */
  when?: readonly FlightRecorderReason[] | undefined;
}

/**
 * Why the flight recorder writes what it has: see `when` of {@link FlightRecorderOptions}.
 *
 * @publicApi
 */
export type FlightRecorderReason = 'errored' | 'rejected' | 'slow' | 'error';

/** What the flight recorder keeps and when it writes it, resolved at startup. */
export interface ResolvedFlightRecorder {
  readonly level: string;
  readonly entries: number;
  readonly bytes: number;
  readonly when: ReadonlySet<FlightRecorderReason>;
}

const REASONS: readonly FlightRecorderReason[] = ['errored', 'rejected', 'slow', 'error'];
const DEFAULT_ENTRIES = 200;
const DEFAULT_BYTES = 32_768;

/**
 * Resolves the options of the flight recorder; `undefined` where it is off.
 *
 * @throws {TracingConfigError} for the first thing that is wrong.
 */
export function flightRecorder(
  raw: boolean | FlightRecorderOptions = false,
): ResolvedFlightRecorder | undefined {
  if (raw === false) return undefined;
  const options: FlightRecorderOptions = raw === true ? {} : raw;
  checkRecord('flightRecorder', options);
  checkKeys(TRACING.flightRecorder, options);
  checkString('flightRecorder.level', options.level);
  checkCount('flightRecorder.entries', options.entries);
  checkCount('flightRecorder.bytes', options.bytes);
  const { level = 'debug', entries = DEFAULT_ENTRIES, bytes = DEFAULT_BYTES } = options;
  const { when = REASONS } = options;
  if (!Array.isArray(when)) {
    throw invalid('flightRecorder.when', when, `a list of ${REASONS.join(', ')}`);
  }
  for (const reason of when as readonly unknown[]) {
    checkOneOf('flightRecorder.when', reason ?? null, REASONS);
  }
  return Object.freeze({ level, entries, bytes, when: new Set<FlightRecorderReason>(when) });
}

function checkCount(name: string, value: unknown): void {
  if (value === undefined || (Number.isInteger(value) && Number(value) > 0)) return;
  throw invalid(name, value, 'a whole number, 1 or more');
}
