import { Inject, Injectable, type LogLevel, type LoggerService } from '@nestjs/common';
import type { Logger } from 'winston';
import { warnOnce } from '../../records/warnings.js';
import { WINSTON_LOGGER } from '../../options/options.token.js';
import { currentScope } from '../../context/active-trace.js';
import type { TraceScope } from '../../trace/trace.js';
import { KeptCall, keepCall } from '../flight-recorder.js';
import { NEST_LEVELS } from '../level-names.js';
import { readReplayed, verbosity } from '../verbosity.js';
import { FreshEntry } from './captured-entry.js';
import { EntryWriter } from './entry-writer.js';
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
  private readonly callAgain = this.replay.bind(this);
  /** `undefined` until {@link setLogLevels}: winston's own level decides. */
  private enabled: ReadonlySet<LogLevel> | undefined;

  constructor(
    /** The winston logger, for what NestJS's interface does not have. */
    @Inject(WINSTON_LOGGER) readonly winston: Logger,
  ) {
    this.writer = new EntryWriter(winston);
  }

  log(message: unknown, ...params: unknown[]): void {
    if (this.isWritten('log')) this.call('log', message, params);
    else if (verbosity.sources !== 0) this.callBelow('log', message, params);
  }

  error(message: unknown, ...params: unknown[]): void {
    if (this.isWritten('error')) this.call('error', message, params);
    else if (verbosity.sources !== 0) this.callBelow('error', message, params);
  }

  warn(message: unknown, ...params: unknown[]): void {
    if (this.isWritten('warn')) this.call('warn', message, params);
    else if (verbosity.sources !== 0) this.callBelow('warn', message, params);
  }

  debug(message: unknown, ...params: unknown[]): void {
    if (this.isWritten('debug')) this.call('debug', message, params);
    else if (verbosity.sources !== 0) this.callBelow('debug', message, params);
  }

  verbose(message: unknown, ...params: unknown[]): void {
    if (this.isWritten('verbose')) this.call('verbose', message, params);
    else if (verbosity.sources !== 0) this.callBelow('verbose', message, params);
  }

  fatal(message: unknown, ...params: unknown[]): void {
    if (this.isWritten('fatal')) this.call('fatal', message, params);
    else if (verbosity.sources !== 0) this.callBelow('fatal', message, params);
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

  /**
   * Whether a call at this level writes anything, here and now: a request may be logged at a more
   * verbose level than others. What the flight recorder keeps is not written yet.
   */
  isLevelEnabled(level: LogLevel): boolean {
    if (this.isWritten(level)) return true;
    if (verbosity.sources === 0 || this.enabled?.size === 0) return false;
    return this.writer.isRaised(this.writer.nameOf(level), false);
  }

  private isWritten(level: LogLevel): boolean {
    if (this.enabled !== undefined && !this.enabled.has(level)) return false;
    return this.writer.isWritten(this.writer.nameOf(level));
  }

  /** A call below the logger's level: it is written if its request is, or else kept with it. */
  private callBelow(level: LogLevel, message: unknown, params: unknown[]): void {
    const scope = currentScope();
    if (scope === undefined || this.enabled?.size === 0) return;
    const name = this.writer.nameOf(level);
    if (this.writer.isRaised(name, true)) {
      this.call(level, message, params, true);
      return;
    }
    const recording = this.writer.keeperOf(scope, name);
    if (recording === undefined) return;
    keepCall(recording, new KeptNestCall(scope, message, level, params, this.callAgain), params);
  }

  private call(level: LogLevel, message: unknown, params: unknown[], isForced = false): void {
    this.writer.write(this.entryOf(level, message, params), isForced);
  }

  /** Makes a call that was kept. */
  private replay(level: LogLevel, message: unknown, params: unknown[]): void {
    this.writer.write(readReplayed(() => this.entryOf(level, message, params)));
  }

  private entryOf(level: LogLevel, message: unknown, params: unknown[]): FreshEntry {
    const mayHaveStack = level === 'error' || level === 'fatal';
    const name = this.writer.nameOf(level);
    const entry = new FreshEntry(name);
    try {
      readNestArguments(message, params, mayHaveStack, entry, this.writer.limits);
    } catch (error) {
      warnOnce('TRACING_ENTRY_FAILED', 'the arguments of a log call could not be read', error);
      entry.message = '[unreadable]';
    }
    if (level === 'fatal' && name !== 'fatal') entry['fatal'] = true;
    return entry;
  }
}

/** A call of a method for a level, which is made again when it is written. */
class KeptNestCall extends KeptCall {
  constructor(
    scope: TraceScope,
    public first: unknown,
    private readonly level: LogLevel,
    private readonly params: unknown[],
    private readonly make: (level: LogLevel, message: unknown, params: unknown[]) => void,
  ) {
    super(scope);
  }

  override write(): void {
    this.make(this.level, this.first, this.params);
  }
}
