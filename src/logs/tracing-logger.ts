import { Inject, Injectable, type LogLevel, type LoggerService } from '@nestjs/common';
import type { Logger } from 'winston';
import { warnOnce } from '../options/warning.js';
import { readNestArguments, type NestEntry } from './nest-arguments.js';
import { LEVEL } from './winston-symbols.js';

/** The winston logger behind {@link TracingLogger}. */
export const WINSTON_LOGGER = Symbol('nestjs-tracing.winston-logger');

// Least severe first, as NestJS counts.
const NEST_LEVELS: readonly LogLevel[] = ['verbose', 'debug', 'log', 'warn', 'error', 'fatal'];

/** What a NestJS level is called in winston: npm's names, syslog's, or the nearest there is. */
const WINSTON_NAMES: Readonly<Record<LogLevel, readonly string[]>> = {
  fatal: ['fatal', 'crit', 'error'],
  error: ['error'],
  warn: ['warn', 'warning'],
  log: ['info', 'notice'],
  debug: ['debug', 'verbose'],
  verbose: ['verbose', 'debug', 'silly'],
};

/**
 * NestJS's logger on winston, so that Nest's own lines and those of `new Logger('Context')` say
 * whose they are.
 *
 * Every argument survives: objects as fields, errors with stack and cause, the last string as
 * `context`. The level is looked at before winston builds or formats anything.
 *
 * @publicApi
 *
 * @example
 * const app = await NestFactory.create(AppModule, { bufferLogs: true });
 * app.useLogger(app.get(TracingLogger));
 */
@Injectable()
export class TracingLogger implements LoggerService {
  private readonly names: Readonly<Record<LogLevel, string>>;
  /** `undefined` until {@link setLogLevels}: winston's own level decides. */
  private enabled: ReadonlySet<LogLevel> | undefined;

  constructor(
    /** The logger underneath, for what NestJS's interface has no word for. */
    @Inject(WINSTON_LOGGER) readonly winston: Logger,
  ) {
    const { levels } = winston;
    const nameOf = (level: LogLevel): string =>
      WINSTON_NAMES[level].find((name) => name in levels) ?? Object.keys(levels)[0] ?? 'info';
    this.names = Object.fromEntries(NEST_LEVELS.map((level) => [level, nameOf(level)])) as Record<
      LogLevel,
      string
    >;
  }

  log(message: unknown, ...params: unknown[]): void {
    if (this.isLevelEnabled('log')) this.call('log', message, params, false);
  }

  error(message: unknown, ...params: unknown[]): void {
    if (this.isLevelEnabled('error')) this.call('error', message, params, true);
  }

  warn(message: unknown, ...params: unknown[]): void {
    if (this.isLevelEnabled('warn')) this.call('warn', message, params, false);
  }

  debug(message: unknown, ...params: unknown[]): void {
    if (this.isLevelEnabled('debug')) this.call('debug', message, params, false);
  }

  verbose(message: unknown, ...params: unknown[]): void {
    if (this.isLevelEnabled('verbose')) this.call('verbose', message, params, false);
  }

  fatal(message: unknown, ...params: unknown[]): void {
    if (this.isLevelEnabled('fatal')) this.call('fatal', message, params, true);
  }

  /**
   * Sets the levels that are written, as NestJS's `ConsoleLogger` understands them: those named,
   * and all that are more severe than the most severe of them. winston's level follows.
   */
  setLogLevels(levels: LogLevel[]): void {
    const severest = Math.max(...levels.map((level) => NEST_LEVELS.indexOf(level)));
    const enabled = NEST_LEVELS.filter(
      (level, severity) => levels.includes(level) || severity > severest,
    );
    this.enabled = new Set(levels.length === 0 ? [] : enabled);
    const { levels: order } = this.winston;
    const names = [...this.enabled].map((level) => this.names[level]);
    const widest = names.toSorted((a, b) => (order[b] ?? 0) - (order[a] ?? 0))[0];
    if (widest !== undefined) this.winston.level = widest;
  }

  /** Whether a call at this level writes anything. */
  isLevelEnabled(level: LogLevel): boolean {
    if (this.enabled !== undefined && !this.enabled.has(level)) return false;
    return this.isWritten(this.names[level]);
  }

  /**
   * Writes an entry under a winston level, for lines that are not a NestJS logger's call.
   *
   * @internal
   */
  write(level: string, message: string, fields: object): void {
    const name = level in this.winston.levels ? level : this.names[level as LogLevel];
    if (name !== undefined && this.isWritten(name)) this.hand(name, { ...fields, message });
  }

  private call(level: LogLevel, message: unknown, params: unknown[], mayHaveStack: boolean): void {
    try {
      const entry = readNestArguments(message, params, mayHaveStack);
      const name = this.names[level];
      if (level === 'fatal' && name !== 'fatal') entry['fatal'] = true;
      this.hand(name, entry);
    } catch (error) {
      warnOnce('TRACING_ENTRY_FAILED', 'a log call could not be read', error);
    }
  }

  private hand(level: string, entry: NestEntry): void {
    const { defaultMeta } = this.winston as { defaultMeta?: object | null };
    const info = (defaultMeta ? { ...defaultMeta, ...entry } : entry) as NestEntry & {
      [LEVEL]: string;
    };
    info['level'] = level;
    info[LEVEL] = level;
    this.winston.write(info);
  }

  /** winston's `isLevelEnabled` without its closures: this is asked for every call. */
  private isWritten(name: string): boolean {
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
}
