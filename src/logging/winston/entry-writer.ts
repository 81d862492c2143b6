import type { LogLevel } from '@nestjs/common';
import type { Logger } from 'winston';
import { FreshEntry } from './captured-entry.js';
import { DEFAULT_LINE_LIMITS, type LineLimits } from '../../records/line-limits.js';
import { ownValue } from '../../records/own-value.js';
import { loggerLimits, type LoggerLimits } from './logger-limits.js';
import { LoggerPipes } from './logger-pipes.js';

/** NestJS's levels, least severe first. */
export const NEST_LEVELS: readonly LogLevel[] = [
  'verbose',
  'debug',
  'log',
  'warn',
  'error',
  'fatal',
];

/** The names of a NestJS level in winston: npm's, syslog's, or the nearest. */
const WINSTON_NAMES: Readonly<Record<LogLevel, readonly string[]>> = {
  fatal: ['fatal', 'crit', 'critical', 'emerg', 'error'],
  error: ['error', 'major'],
  warn: ['warn', 'warning', 'minor'],
  log: ['info', 'notice'],
  debug: ['debug', 'verbose'],
  verbose: ['verbose', 'debug', 'silly', 'trace'],
};

/** Writes entries that were made for one call to a winston logger, at the levels that it has. */
export class EntryWriter {
  private readonly names: Readonly<Record<LogLevel, string>>;

  private readonly pipes: LoggerPipes;

  private readonly lineLimits: LoggerLimits;

  constructor(private readonly winston: Logger) {
    this.pipes = new LoggerPipes(winston);
    this.lineLimits = loggerLimits(winston);
    this.names = Object.fromEntries(
      NEST_LEVELS.map((level) => [level, nameIn(winston, level)]),
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

  /** Whether an entry at this level, by winston's name, is written anywhere. */
  isWritten(name: string): boolean {
    return this.pipes.isWritten(name);
  }

  /** Writes an entry that was made for this call, under a level that is known to be written. */
  write(entry: FreshEntry): void {
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
    if (!this.isWritten(name)) return;
    const entry = new FreshEntry(name);
    entry.message = message;
    addMissing(entry, fields as Readonly<Record<string, unknown>>);
    this.write(entry);
  }
}

function addMissing(entry: FreshEntry, fields: Readonly<Record<string, unknown>>): void {
  for (const key of Object.keys(fields)) {
    const value = fields[key];
    if (value !== undefined && !Object.hasOwn(entry, key)) entry[key] = value;
  }
}

/** The first name that the logger has, or else its level of the same relative severity. */
function nameIn({ levels }: Logger, level: LogLevel): string {
  const known = WINSTON_NAMES[level].find((name) => Object.hasOwn(levels, name));
  if (known !== undefined) return known;
  const bySeverity = Object.keys(levels).toSorted((a, b) => (levels[b] ?? 0) - (levels[a] ?? 0));
  const position = NEST_LEVELS.indexOf(level) / (NEST_LEVELS.length - 1);
  return bySeverity[Math.round(position * (bySeverity.length - 1))] ?? 'info';
}
