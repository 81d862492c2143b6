import type { AccessLogRecord } from '../records/access-log-record.js';
import { sharedState } from '../records/shared-state.js';
import { warnOnce } from '../records/warnings.js';
import type { RecordedEntry, RecorderPolicy, Recording } from '../trace/recording.js';
import type { Trace, TraceScope } from '../trace/trace.js';
import { ValueKeeper } from './kept-values.js';
import { verbosity, type ReplayedEntry } from './verbosity.js';

/** The part of a recording that one entry may take: what is beyond is cut. */
const SHARE_OF_ENTRY = 4;
/** What an entry counts besides its arguments. */
const CALL_BYTES = 48;

/** A log call that is made again when it is written. */
export abstract class KeptCall implements RecordedEntry, ReplayedEntry {
  readonly time = Date.now();
  bytes = CALL_BYTES;

  constructor(readonly scope: TraceScope) {}

  abstract write(): void;
}

const keeper = new ValueKeeper();
/** A getter of an argument may log, too. */
let isKeeping = false;

/**
 * Keeps a call, with its arguments as they are now.
 *
 * @param call has the first argument.
 * @param rest the others, which the call has too. They are replaced by what is kept of them.
 */
export function keepCall(
  recording: Recording,
  call: KeptCall & { first: unknown },
  rest: unknown[],
): void {
  const values = isKeeping ? new ValueKeeper() : keeper;
  const isOuter = !isKeeping;
  const room = Math.floor(recording.limits.bytes / SHARE_OF_ENTRY);
  values.begin(room);
  isKeeping = true;
  try {
    call.first = values.keep(call.first);
    for (let i = 0; i < rest.length; i++) rest[i] = values.keep(rest[i]);
  } finally {
    if (isOuter) isKeeping = false;
  }
  call.bytes += room - values.left;
  recording.add(call);
}

/** Statuses of requests that failed as they should: to explain them is of no use. */
const EXPECTED: ReadonlySet<number> = new Set([401, 403, 404, 429]);
/** The default of `accessLog.slowerThan`. */
const SLOWER_THAN_MS = 1000;
/** How many recorded entries the process writes in any second. */
const MAX_PER_SECOND = 10_000;
/** The second is counted in parts of this length. */
const PART_MS = 100;
const PARTS = 11;

const written = sharedState('recorded-entries', () => ({
  /** How many were written in each of the last parts of a second. */
  parts: Array.from({ length: PARTS }, () => 0),
  /** The number of the newest part since the start of the process. */
  newest: 0,
}));

/** Writes what was recorded of requests, messages, jobs and runs that ended badly. */
export class FlightRecorder {
  private readonly slowerThanMs: number;

  constructor(
    private readonly policy: RecorderPolicy,
    accessLog: false | { readonly slowerThan?: number | undefined },
  ) {
    const { slowerThan = SLOWER_THAN_MS } = accessLog === false ? {} : accessLog;
    this.slowerThanMs = slowerThan;
  }

  /**
   * Writes the recording of a trace that has ended, or throws it away.
   *
   * @returns how many entries are missing from what was written.
   */
  end(trace: Trace, record: AccessLogRecord): number {
    const { recording } = trace;
    if (recording === undefined || recording === null) return 0;
    trace.recording = null;
    if (!recording.isWanted && !this.isNotable(record, recording)) {
      recording.discard();
      return 0;
    }
    const entries = recording.take();
    const count = takeRoom(entries.length);
    const left = entries.length - count;
    if (left > 0) {
      warnOnce(
        'TRACING_ENTRIES_DROPPED',
        `the flight recorder wrote more than ${MAX_PER_SECOND} entries in a second, and leaves the rest out: \`dropped_entries\` on the access log line says how many`,
      );
    }
    for (let i = left; i < entries.length; i++) replay(entries[i] as KeptCall);
    return recording.dropped + left;
  }

  private isNotable(record: AccessLogRecord, { hasError }: Recording): boolean {
    const { when } = this.policy;
    // What the record says first: for most requests, none of it applies.
    return (
      (record.outcome === 'errored' && when.has('errored')) ||
      (record.duration_ms > this.slowerThanMs && when.has('slow')) ||
      (hasError && when.has('error')) ||
      (isRejected(record) && when.has('rejected'))
    );
  }
}

/** Whether a client's request was refused for a reason that its sender may not know. */
function isRejected({ status_code: status = 0, error }: AccessLogRecord): boolean {
  return error !== undefined && status >= 400 && status < 500 && !EXPECTED.has(status);
}

function replay(call: KeptCall): void {
  verbosity.replayed = call;
  try {
    call.write();
  } catch (error) {
    warnOnce('TRACING_ENTRY_FAILED', 'a recorded log entry could not be written', error);
  } finally {
    verbosity.replayed = undefined;
  }
}

/** How many of so many entries may be written now. */
function takeRoom(wanted: number): number {
  if (wanted === 0) return 0;
  const { parts } = written;
  const now = Math.floor(performance.now() / PART_MS);
  const passed = Math.min(now - written.newest, PARTS);
  for (let i = 1; i <= passed; i++) parts[(written.newest + i) % PARTS] = 0;
  if (passed === PARTS) parts.fill(0);
  if (passed > 0) written.newest = now;
  let inSecond = 0;
  for (let i = 0; i < PARTS; i++) inSecond += parts[i]!;
  const count = Math.max(0, Math.min(wanted, MAX_PER_SECOND - inSecond));
  parts[now % PARTS]! += count;
  return count;
}
