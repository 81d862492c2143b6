import type { Logger } from 'winston';
import { currentScope } from '../../context/active-trace.js';
import type { Recording } from '../../trace/recording.js';
import type { TraceScope } from '../../trace/trace.js';
import { KeptCall, keepCall } from '../flight-recorder.js';
import { isRaised, keeperOf, type ReplayedEntry } from '../verbosity.js';
import { CALLED_AT, SCOPE, SEEN, type CapturedEntry, type SeenBy } from './captured-entry.js';
import type { LoggerPipes } from './logger-pipes.js';
import { LEVEL, SPLAT } from './winston-symbols.js';

type Call = (this: unknown, ...args: unknown[]) => unknown;

/** A call of a logger's method. */
class KeptMethodCall extends KeptCall {
  constructor(
    scope: TraceScope,
    public first: unknown,
    private readonly rest: unknown[],
    private readonly count: number,
    private readonly logger: unknown,
    private readonly method: Call,
  ) {
    super(scope);
  }

  override write(): void {
    // winston tells a call without arguments from one with `undefined`.
    const args = this.count === 0 ? [] : [this.first, ...this.rest];
    Reflect.apply(this.method, this.logger, args);
  }
}

/** An entry that was written to a logger directly, or by winston itself. */
class KeptEntry extends KeptCall {
  first: unknown;
  private readonly level: string | undefined;

  constructor(
    scope: TraceScope,
    entry: CapturedEntry,
    private readonly args: unknown[],
    private readonly logger: Logger,
    private readonly seenBy: SeenBy | undefined,
  ) {
    super(scope);
    this.first = entry;
    this.level = entry[LEVEL];
  }

  override write(): void {
    const entry = this.first as CapturedEntry;
    entry[LEVEL] = this.level ?? entry.level;
    if (this.args.length > 0) entry[SPLAT] = this.args;
    if (this.seenBy !== undefined) entry[SEEN] = this.seenBy;
    this.logger.write(entry);
  }
}

/**
 * Keeps a call of a method in place of making it, so that winston builds no entry for it.
 *
 * @param name of the method: `log`, or that of a level.
 * @returns whether it was kept.
 */
export function keepsCall(
  root: Logger,
  pipes: LoggerPipes,
  method: Call,
  name: string,
  logger: unknown,
  args: ArrayLike<unknown>,
): boolean {
  const scope = currentScope();
  if (scope === undefined || scope.trace.policy.recorder === undefined) return false;
  const level = name === 'log' ? levelOf(args) : name;
  const { levels } = root;
  const severity: unknown = typeof level === 'string' ? levels[level] : undefined;
  if (typeof level !== 'string' || typeof severity !== 'number' || pipes.isWritten(level)) {
    return false;
  }
  // A stream without a level gets it now, and so it has to be made.
  if (pipes.isOff || pipes.hasPlainStream) return false;
  if (isRaised(scope, severity, levels, false)) return false;
  const recording = keeperOf(scope, severity, levels);
  if (recording === undefined) return false;
  const rest: unknown[] = [];
  for (let i = 1; i < args.length; i++) rest.push(args[i]);
  const call = new KeptMethodCall(scope, args[0], rest, args.length, logger, method);
  keepCall(recording, call, rest);
  return true;
}

/** The level of a call of `log`, which takes an entry if nothing else. */
function levelOf(args: ArrayLike<unknown>): unknown {
  const first = args[0];
  if (args.length !== 1) return first;
  return typeof first === 'object' && first !== null ? Reflect.get(first, 'level') : undefined;
}

/**
 * Keeps an entry.
 *
 * @param seenBy the transports that have it now; `undefined` where it is kept in place of writing it.
 */
export function keepEntry(
  recording: Recording,
  logger: Logger,
  scope: TraceScope,
  entry: CapturedEntry,
  seenBy: SeenBy | undefined,
): void {
  const args = entry[SPLAT];
  const kept: unknown[] = Array.isArray(args) ? [...(args as unknown[])] : [];
  keepCall(recording, new KeptEntry(scope, entry, kept, logger, seenBy), kept);
}

/** Gives an entry what it had when it was logged. */
export function markRecorded(entry: CapturedEntry, call: ReplayedEntry): void {
  entry[SCOPE] = call.scope;
  entry[CALLED_AT] = call.time;
  if (Object.hasOwn(entry, 'recorded')) entry['_recorded'] = entry['recorded'];
  entry['recorded'] = true;
}
