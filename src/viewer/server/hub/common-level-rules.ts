import type {
  LevelRule,
  LevelRuleControl,
  LevelRuleOptions,
  LevelTarget,
} from '../../../options/level-rule-options.js';
import { TracingConfigError } from '../../../records/tracing-config.error.js';
import type { CommonRule } from './hub-messages.js';

/** Rules whose ids are remembered, so that one that has ended does not come back. */
const MAX_IDS = 1000;

/**
 * The rules for log levels of this process, of which those that a page sets are valid in all processes.
 * Each counts its entries by itself.
 */
export class CommonLevelRules implements LevelRuleControl {
  /** Called when a page has set a rule. */
  onSet: (rule: CommonRule) => void = () => {};
  /** Called with the id of a rule that a page has ended. */
  onEnd: (id: string) => void = () => {};
  /** The ids that all processes know, and those of the same rules here. */
  private readonly ids = new Map<string, string>();

  constructor(
    private readonly own: LevelRuleControl,
    private readonly instance: string,
  ) {}

  get levels(): readonly string[] {
    return this.own.levels;
  }

  set(target: LevelTarget, level: string, options?: LevelRuleOptions): string {
    const ownId = this.own.set(target, level, options);
    const id = `${this.instance}-${ownId}`;
    this.remember(id, ownId);
    const rule = this.valid().find((one) => one.id === id);
    if (rule !== undefined) this.onSet(rule);
    return ownId;
  }

  list(): readonly LevelRule[] {
    return this.own.list();
  }

  clear(ownId?: string): number {
    const ended = this.valid().filter(
      ({ id }) => ownId === undefined || this.ids.get(id) === ownId,
    );
    const removed = this.own.clear(ownId);
    for (const { id } of ended) this.onEnd(id);
    return removed;
  }

  /** The rules of pages that are valid now, under the ids that all processes know. */
  valid(): readonly CommonRule[] {
    const own = new Map(this.own.list().map((rule) => [rule.id, rule]));
    return [...this.ids].flatMap(([id, ownId]) => {
      const rule = own.get(ownId);
      return rule === undefined ? [] : [{ ...rule, id }];
    });
  }

  /** Sets a rule of another process. One that was set before has ended since, or is still valid. */
  follow({ id, target, level, expiresAt, entries }: CommonRule): void {
    const forMs = expiresAt - Date.now();
    if (this.ids.has(id) || forMs <= 0) return;
    try {
      this.remember(id, this.own.set(target, level, { forMs, entries }));
    } catch (error) {
      // Loggers differ in their levels, and this process may have all the rules that it can have.
      if (!(error instanceof TracingConfigError)) throw error;
    }
  }

  /** Ends a rule that another process has ended. */
  end(id: string): void {
    const ownId = this.ids.get(id);
    if (ownId !== undefined) this.own.clear(ownId);
  }

  /** Ends the rules that are no longer valid in another process. */
  keepOnly(ids: readonly string[]): void {
    for (const { id } of this.valid()) if (!ids.includes(id)) this.end(id);
  }

  private remember(id: string, ownId: string): void {
    this.ids.set(id, ownId);
    const [oldest] = this.ids.keys();
    if (this.ids.size > MAX_IDS) this.ids.delete(oldest!);
  }
}
