import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'winston';
import {
  checkedDuration,
  checkedTarget,
  type LevelRule,
  type LevelRuleControl,
  type LevelRuleOptions,
  type LevelTarget,
} from '../options/level-rule-options.js';
import { fixOfChoice, ownedBy } from '../options/check-value.js';
import { shownValue } from '../options/shown-value.js';
import { TRACING_OPTIONS, WINSTON_LOGGER } from '../options/options.token.js';
import type { ResolvedTracingOptions } from '../options/resolve-options.js';
import { TracingConfigError } from '../records/tracing-config.error.js';
import { severityOf } from './level-names.js';
import { LevelRuleTable } from './level-rules.js';
import { addSource, removeSource } from './verbosity.js';

const MAX_RULES = 100;

/**
 * Logs one session, user, request or route at a more verbose level while the application runs and
 * everything else stays as it is. It holds for `TracingLogger`, NestJS's `Logger`, `console` with
 * `console: true`, and for winston loggers behind `traceLogger`; `isLevelEnabled` counts it. A rule
 * never makes anything less verbose.
 *
 * There are at most 100 rules, and each ends by itself: after an hour at most, or after its number
 * of additional entries. They are rules of this process: each process of a cluster has its own.
 *
 * @publicApi
 *
 * @example
 * constructor(private readonly levels: LogLevels) {}
 *
 * investigate(user: string) {
 *   return this.levels.set({ field: { user } }, 'debug', { forMs: 10 * 60_000, entries: 5_000 });
 * }
 */
@Injectable()
export class LogLevels implements LevelRuleControl, OnApplicationShutdown {
  private readonly rules = new LevelRuleTable(({ id }) => this.clear(id));
  private timer: NodeJS.Timeout | undefined;
  private count = 0;

  /** @internal */
  constructor(
    @Inject(TRACING_OPTIONS) private readonly options: ResolvedTracingOptions,
    @Inject(WINSTON_LOGGER) private readonly logger: Logger,
  ) {
    const { flightRecorder, debugKey } = options;
    if (flightRecorder !== undefined || debugKey !== undefined) addSource(options);
  }

  /** The names of the logger's levels, most severe first. */
  get levels(): readonly string[] {
    const { levels } = this.logger;
    return Object.keys(levels).toSorted((a, b) => (levels[a] ?? 0) - (levels[b] ?? 0));
  }

  /**
   * Sets the level of a target. A rule for the same target is replaced.
   *
   * @param target a session, request, trace, route or handler, or fields of `trace.set`. The route is
   *   known once the router has matched it, the handler with it.
   * @param level a level of the logger, by its name in winston or in NestJS.
   * @returns the id of the rule, for {@link clear}.
   * @throws {TracingConfigError} for a wrong argument, and for more than 100 rules.
   */
  set(target: LevelTarget, level: string, options: LevelRuleOptions = {}): string {
    const checked = ownedBy('LogLevels.set', () => checkedTarget(target));
    const { forMs, entries } = ownedBy('LogLevels.set', () => checkedDuration(options));
    this.checkLevel(level);
    const expiresAt = Date.now() + forMs;
    const rule = { ...checked, id: `level-${++this.count}`, level, expiresAt, entries };
    this.removeExpired();
    if (this.rules.size >= MAX_RULES && this.rules.sameAs(rule) === undefined) {
      throw new TracingConfigError(
        'TOO_MANY_LEVEL_RULES',
        `there are ${MAX_RULES} rules already.`,
        'remove some with `clear(id)`, or give them less time.',
        'LogLevels.set',
      );
    }
    this.rules.add(rule);
    this.follow();
    return rule.id;
  }

  /** The rules that are valid now, in the order in which they were set. */
  list(): readonly LevelRule[] {
    this.removeExpired();
    return this.rules.all.map(({ id, target, level, expiresAt, entries }) =>
      Object.freeze({ id, target, level, expiresAt, entries }),
    );
  }

  /**
   * Ends one rule, or all of them.
   *
   * @returns how many there were.
   */
  clear(id?: string): number {
    const ids = id === undefined ? this.rules.all.map((rule) => rule.id) : [id];
    const removed = ids.filter((one) => this.rules.remove(one)).length;
    this.follow();
    return removed;
  }

  /** Called by NestJS. */
  onApplicationShutdown(): void {
    this.clear();
    removeSource(this.options);
  }

  private checkLevel(level: unknown): void {
    if (typeof level === 'string' && severityOf(this.logger.levels, level) !== undefined) return;
    throw new TracingConfigError(
      'INVALID_LEVEL',
      `\`level\` is ${shownValue('level', level)}, which is not a level of the logger.`,
      fixOfChoice(level, this.levels),
      'LogLevels.set',
    );
  }

  private removeExpired(): void {
    const now = Date.now();
    for (const { id, expiresAt } of this.rules.all) if (expiresAt <= now) this.rules.remove(id);
    this.follow();
  }

  /** Sees to it that rules cost something only while there are any. */
  private follow(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { levelRules } = this.options.policy;
    const { rules } = this;
    if (levelRules !== undefined) levelRules.current = rules.size > 0 ? rules : undefined;
    if (rules.size === 0) return removeSource(rules);
    addSource(rules);
    const next = Math.min(...rules.all.map(({ expiresAt }) => expiresAt));
    this.timer = setTimeout(() => this.removeExpired(), Math.max(next - Date.now(), 1)).unref();
  }
}
