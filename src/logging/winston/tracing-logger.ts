import { Inject, Injectable, type LogLevel, type LoggerService } from '@nestjs/common';
import type { Logger } from 'winston';
import { warnOnce } from '../../records/warnings.js';
import { WINSTON_LOGGER } from '../../options/options.token.js';
import { FreshEntry } from './captured-entry.js';
import { EntryWriter, NEST_LEVELS } from './entry-writer.js';
import { readNestArguments } from './nest-arguments.js';

/**
 * NestJS's logger on winston, so that NestJS's own lines and those of `new Logger('Context')` have
 * the ids of their request.
 *
 * Every argument is kept: objects as fields, errors with stack and cause, the last string as
 * `context`. The level is checked before winston builds or formats anything.
 *
 * @publicApi
 *
 * @example
 * const app = await NestFactory.create(AppModule, { bufferLogs: true });
 * app.useLogger(app.get(TracingLogger));
 */
@Injectable()
export class TracingLogger implements LoggerService {
  private readonly writer: EntryWriter;
  /** `undefined` until {@link setLogLevels}: winston's own level decides. */
  private enabled: ReadonlySet<LogLevel> | undefined;

  constructor(
    /** The winston logger, for what NestJS's interface does not have. */
    @Inject(WINSTON_LOGGER) readonly winston: Logger,
  ) {
    this.writer = new EntryWriter(winston);
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
    const names = [...this.enabled].map((level) => this.writer.nameOf(level));
    const widest = names.toSorted((a, b) => (order[b] ?? 0) - (order[a] ?? 0))[0];
    if (widest !== undefined) this.winston.level = widest;
  }

  /** Whether a call at this level writes anything. */
  isLevelEnabled(level: LogLevel): boolean {
    if (this.enabled !== undefined && !this.enabled.has(level)) return false;
    return this.writer.isWritten(this.writer.nameOf(level));
  }

  private call(level: LogLevel, message: unknown, params: unknown[], mayHaveStack: boolean): void {
    const name = this.writer.nameOf(level);
    const entry = new FreshEntry(name);
    try {
      readNestArguments(message, params, mayHaveStack, entry, this.writer.limits);
    } catch (error) {
      warnOnce('TRACING_ENTRY_FAILED', 'the arguments of a log call could not be read', error);
      entry.message = '[unreadable]';
    }
    if (level === 'fatal' && name !== 'fatal') entry['fatal'] = true;
    this.writer.write(entry);
  }
}
