import type { LogLevel } from '@nestjs/common';
import type { Logger } from 'winston';
import { FRESH, type CapturedEntry } from './captured-entry.js';
import { LEVEL } from './winston-symbols.js';

/** NestJS's levels, least severe first. */
export const NEST_LEVELS: readonly LogLevel[] = [
  'verbose',
  'debug',
  'log',
  'warn',
  'error',
  'fatal',
];

/** What a NestJS level is called in winston: npm's names, syslog's, or the nearest there is. */
const WINSTON_NAMES: Readonly<Record<LogLevel, readonly string[]>> = {
  fatal: ['fatal', 'crit', 'critical', 'emerg', 'error'],
  error: ['error', 'major'],
  warn: ['warn', 'warning', 'minor'],
  log: ['info', 'notice'],
  debug: ['debug', 'verbose'],
  verbose: ['verbose', 'debug', 'silly', 'trace'],
};

/** Writes entries that were made for one call to a winston logger, under the names that it has. */
export class EntryWriter {
  private readonly names: Readonly<Record<LogLevel, string>>;

  constructor(readonly winston: Logger) {
    this.names = Object.fromEntries(
      NEST_LEVELS.map((level) => [level, nameIn(winston, level)]),
    ) as Record<LogLevel, string>;
  }

  /** winston's name for one of NestJS's levels. */
  nameOf(level: LogLevel): string {
    return this.names[level];
  }

  /** winston's `isLevelEnabled` without its closures: this is asked for every call. */
  isWritten(name: string): boolean {
    const { levels, level, transports } = this.winston;
    const asked = levels[name];
    if (asked === undefined) return false;
    const own = levels[level] ?? -1;
    for (const transport of transports) {
      const limit = transport.level === undefined ? own : (levels[transport.level] ?? own);
      if (limit >= asked) return true;
    }
    return transports.length === 0 && own >= asked;
  }

  /** Writes an entry, which must be nobody else's, under a level that is known to be written. */
  write(name: string, entry: { message: string }): void {
    const { defaultMeta } = this.winston as { defaultMeta?: object | null };
    const info = (defaultMeta ? Object.assign({}, defaultMeta, entry) : entry) as CapturedEntry;
    info.level = name;
    info[LEVEL] = name;
    info[FRESH] = true;
    this.winston.write(info);
  }

  /** Writes fields under winston's name for a level, NestJS's, or what stands for it. */
  writeLine(level: string, message: string, fields: object): void {
    const { levels } = this.winston;
    const name = level in levels ? level : (this.names[level as LogLevel] ?? this.names.log);
    if (!this.isWritten(name)) return;
    // V8 takes microseconds to add a property to an object that was spread, `Object.assign` none.
    const entry = Object.assign({} as { message: string }, fields);
    entry.message = message;
    this.write(name, entry);
  }
}

/** The first name that the logger has; else the level that stands where NestJS's stands. */
function nameIn({ levels }: Logger, level: LogLevel): string {
  const known = WINSTON_NAMES[level].find((name) => name in levels);
  if (known !== undefined) return known;
  const bySeverity = Object.keys(levels).toSorted((a, b) => (levels[b] ?? 0) - (levels[a] ?? 0));
  const position = NEST_LEVELS.indexOf(level) / (NEST_LEVELS.length - 1);
  return bySeverity[Math.round(position * (bySeverity.length - 1))] ?? 'info';
}
