import { sharedState } from '../records/shared-state.js';
import { recordingOf, type Recording } from '../trace/recording.js';
import type { TraceScope } from '../trace/trace.js';
import { severityOf, type Levels } from './level-names.js';

/** An entry of the flight recorder that is being written. */
export interface ReplayedEntry {
  readonly scope: TraceScope;
  /** The time of its call: milliseconds since the Unix epoch. */
  readonly time: number;
}

/**
 * Whether anything in this process may want an entry below its logger's level. It is one for all
 * applications, so that a call at such a level costs one comparison where nothing does.
 */
export const verbosity = sharedState('verbosity', () => ({
  /** How many {@link owners} there are. */
  sources: 0,
  /** Flight recorders, debug keys and tables of rules: what makes it so. */
  owners: new Set<object>(),
  /** What the flight recorder writes now, until its entry is made. */
  replayed: undefined as ReplayedEntry | undefined,
}));

/**
 * Runs a function that reads the arguments of a call that is being replayed. What they log meanwhile,
 * in a getter or a `toJSON`, is not that call.
 */
export function readReplayed<T>(read: () => T): T {
  const { replayed } = verbosity;
  verbosity.replayed = undefined;
  try {
    return read();
  } finally {
    verbosity.replayed = replayed;
  }
}

/** Notes something that may want entries below the level of a logger. */
export function addSource(owner: object): void {
  verbosity.sources = verbosity.owners.add(owner).size;
}

export function removeSource(owner: object): void {
  verbosity.owners.delete(owner);
  verbosity.sources = verbosity.owners.size;
}

/**
 * Whether an entry is written although its logger's level is less verbose: by a rule of `LogLevels`,
 * or because the caller has asked for it with `X-Debug-Level`, or in a message of MCP.
 *
 * @param severity of the entry, among the levels of its logger.
 * @param isCounted whether it counts as an entry that a rule has written.
 */
export function isRaised(
  scope: TraceScope,
  severity: number,
  levels: Levels,
  isCounted: boolean,
): boolean {
  const { debugLevel, policy } = scope.trace;
  if (debugLevel !== undefined && debugLevel.expiresMs > Date.now()) {
    const asked = severityOf(levels, debugLevel.level);
    if (asked !== undefined && asked >= severity && debugLevel.entries !== 0) {
      if (isCounted && debugLevel.entries !== undefined) debugLevel.entries--;
      return true;
    }
  }
  const rules = policy.levelRules?.current;
  return rules !== undefined && rules.raises(scope, severity, levels, isCounted);
}

/** The recording that keeps an entry of this severity; `undefined` where none does. */
export function keeperOf(
  { trace }: TraceScope,
  severity: number,
  levels: Levels,
): Recording | undefined {
  // What the recorder itself writes is not recorded again.
  if (trace.policy.recorder === undefined || verbosity.replayed !== undefined) return undefined;
  const recording = recordingOf(trace);
  if (recording === undefined) return undefined;
  const least = severityOf(levels, recording.limits.level);
  if (least === undefined || severity > least) return undefined;
  if (isSevere(severity, levels)) recording.hasError = true;
  return recording;
}

/** Notes that an entry is written: one at `error` or above makes the flight recorder write. */
export function noteWritten({ trace }: TraceScope, severity: number, levels: Levels): void {
  if (trace.policy.recorder === undefined || !isSevere(severity, levels)) return;
  const recording = recordingOf(trace);
  if (recording !== undefined) recording.hasError = true;
}

function isSevere(severity: number, levels: Levels): boolean {
  return severity <= (severityOf(levels, 'error') ?? -1);
}
