import type { LogLevel } from '@nestjs/common';
import type { Logger } from 'winston';
import { currentScope } from '../../context/active-trace.js';
import type { Recording } from '../../trace/recording.js';
import type { TraceScope } from '../../trace/trace.js';
import { NEST_LEVELS, nameOfNestLevel } from '../level-names.js';
import { isRaised, keeperOf, verbosity } from '../verbosity.js';
import { FORCED, FreshEntry } from './captured-entry.js';
import { DEFAULT_LINE_LIMITS, type LineLimits } from '../../records/line-limits.js';
import { ownValue } from '../../records/own-value.js';
import { loggerLimits, type LoggerLimits } from './logger-limits.js';
import { LoggerPipes } from './logger-pipes.js';

/** Writes entries that were made for one call to a winston logger, at the levels that it has. */
export class EntryWriter {
  private readonly names: Readonly<Record<LogLevel, string>>;

  private readonly pipes: LoggerPipes;

  private readonly lineLimits: LoggerLimits;

  constructor(private readonly winston: Logger) {
    this.pipes = new LoggerPipes(winston);
    this.lineLimits = loggerLimits(winston);
    this.names = Object.fromEntries(
      NEST_LEVELS.map((level) => [level, nameOfNestLevel(winston.levels, level)]),
    ) as Record<LogLevel, string>;
  }

  /** winston's name for one of NestJS's levels. */
  nameOf(level: LogLevel): string {
    return this.names[level];
  }

  /** What the lines of the logger may hold. */
  get limits(): LineLimits {
    return this.lineLimits.given ?? DEFAULT_LINE_LIMITS;
  }

  /** Whether an entry at this level, by winston's name, is written anywhere by the logger's level. */
  isWritten(name: string): boolean {
    return this.pipes.isWritten(name);
  }

  /**
   * Whether an entry below the logger's level is written because its request is logged at a more
   * verbose level. Ask where {@link verbosity} has sources.
   *
   * @param isCounted whether it is written now, and counts.
   */
  isRaised(name: string, isCounted: boolean): boolean {
    const scope = currentScope();
    const { levels } = this.winston;
    const severity = levels[name];
    if (scope === undefined || severity === undefined) return false;
    return !this.pipes.isOff && isRaised(scope, severity, levels, isCounted);
  }

  /** What keeps an entry of this level below the logger's; `undefined` if nothing does. */
  keeperOf(scope: TraceScope, name: string): Recording | undefined {
    const { levels } = this.winston;
    const severity = levels[name];
    if (severity === undefined || this.pipes.isOff) return undefined;
    return keeperOf(scope, severity, levels);
  }

  /**
   * Writes an entry that was made for this call, under a level that is known to be written.
   *
   * @param isForced whether the logger's level would leave it out.
   */
  write(entry: FreshEntry, isForced = false): void {
    if (isForced) entry[FORCED] = this.pipes.forcedLimit;
    const { defaultMeta } = this.winston as {
      defaultMeta?: Readonly<Record<string, unknown>> | null;
    };
    if (defaultMeta) addMissing(entry, defaultMeta);
    this.winston.write(entry);
  }

  /** Writes fields at a level, which may have winston's name or NestJS's. */
  writeLine(level: string, message: string, fields: object): void {
    const { levels } = this.winston;
    const name = Object.hasOwn(levels, level)
      ? level
      : (ownValue(this.names, level) ?? this.names.log);
    const isForced = !this.isWritten(name);
    if (isForced && !this.mayWrite(name)) return;
    const entry = new FreshEntry(name);
    entry.message = message;
    addMissing(entry, fields as Readonly<Record<string, unknown>>);
    this.write(entry, isForced);
  }

  /** Whether an entry below the logger's level is written: as one that was recorded, or raised. */
  private mayWrite(name: string): boolean {
    // An application that has closed is no source any more, but what it ran may end later.
    if (verbosity.replayed !== undefined) return true;
    return verbosity.sources !== 0 && this.isRaised(name, true);
  }
}

function addMissing(entry: FreshEntry, fields: Readonly<Record<string, unknown>>): void {
  for (const key of Object.keys(fields)) {
    const value = fields[key];
    if (value !== undefined && !Object.hasOwn(entry, key)) entry[key] = value;
  }
}
