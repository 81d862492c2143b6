import type { LevelRule, LevelTargetKind } from '../options/level-rule-options.js';
import type { LiveMetadata } from '../trace/trace.js';
import type { LevelRules, RuledScope } from '../trace/trace-policy.js';
import { severityOf, type Levels } from './level-names.js';

/** A rule while it is valid. */
export interface ActiveRule extends LevelRule {
  readonly kind: LevelTargetKind;
  entries: number;
}

/** The rules of an application, found by what they are about: there may be a hundred. */
export class LevelRuleTable implements LevelRules {
  private readonly rules = new Map<string, ActiveRule>();
  private readonly byValue: Readonly<Record<LevelTargetKind, Map<string, ActiveRule>>> = {
    sessionId: new Map(),
    requestId: new Map(),
    traceId: new Map(),
    route: new Map(),
    handler: new Map(),
    field: new Map(),
  };

  /** @param onUsedUp called when a rule has written all of its entries. */
  constructor(private readonly onUsedUp: (rule: ActiveRule) => void) {}

  get size(): number {
    return this.rules.size;
  }

  get all(): readonly ActiveRule[] {
    return [...this.rules.values()];
  }

  /** The rule with this target; there is one for each. */
  sameAs(rule: ActiveRule): ActiveRule | undefined {
    return this.byValue[rule.kind].get(valueOf(rule));
  }

  add(rule: ActiveRule): void {
    const same = this.sameAs(rule);
    if (same !== undefined) this.remove(same.id);
    this.rules.set(rule.id, rule);
    this.byValue[rule.kind].set(valueOf(rule), rule);
  }

  /** Returns whether there was such a rule. */
  remove(id: string): boolean {
    const rule = this.rules.get(id);
    if (rule === undefined) return false;
    this.byValue[rule.kind].delete(valueOf(rule));
    return this.rules.delete(id);
  }

  raises(
    { trace, fields }: RuledScope,
    severity: number,
    levels: Levels,
    isCounted: boolean,
  ): boolean {
    const { sessionId, requestId, traceId, route, handler, field } = this.byValue;
    // Without a closure: this runs for each call below the logger's level. One rule may be less
    // verbose than another of the same request, so each is asked.
    let rule = found(sessionId, trace.sessionId);
    if (rule !== undefined && this.allows(rule, severity, levels, isCounted)) return true;
    rule = found(requestId, trace.requestId);
    if (rule !== undefined && this.allows(rule, severity, levels, isCounted)) return true;
    if (traceId.size > 0) {
      rule = found(traceId, trace.traceId);
      if (rule !== undefined && this.allows(rule, severity, levels, isCounted)) return true;
      rule = found(traceId, trace.w3cTraceId);
      if (rule !== undefined && this.allows(rule, severity, levels, isCounted)) return true;
    }
    if (route.size > 0 || handler.size > 0) {
      const metadata: LiveMetadata = trace.metadata;
      rule = found(route, metadata.route);
      if (rule !== undefined && this.allows(rule, severity, levels, isCounted)) return true;
      for (const name of [metadata.handler, ...(metadata.otherHandlers ?? [])]) {
        rule = found(handler, name);
        if (rule !== undefined && this.allows(rule, severity, levels, isCounted)) return true;
      }
    }
    if (field.size === 0 || fields === undefined) return false;
    for (const one of field.values()) {
      if (hasFields(fields, one) && this.allows(one, severity, levels, isCounted)) return true;
    }
    return false;
  }

  private allows(rule: ActiveRule, severity: number, levels: Levels, isCounted: boolean): boolean {
    if (rule.entries === 0 || rule.expiresAt <= Date.now()) return false;
    const asked = severityOf(levels, rule.level);
    if (asked === undefined || asked < severity) return false;
    if (isCounted && --rule.entries === 0) this.onUsedUp(rule);
    return true;
  }
}

function found(
  rules: ReadonlyMap<string, ActiveRule>,
  value: string | undefined,
): ActiveRule | undefined {
  return rules.size === 0 || value === undefined ? undefined : rules.get(value);
}

/** What a rule is found by. */
function valueOf({ kind, target }: ActiveRule): string {
  const value = Object.values(target)[0] as string | object;
  return kind === 'field' ? JSON.stringify(value, Object.keys(value).toSorted()) : String(value);
}

function hasFields(fields: Readonly<Record<string, unknown>>, { target }: ActiveRule): boolean {
  if (!('field' in target)) return false;
  for (const [name, value] of Object.entries(target.field)) {
    const own = fields[name];
    // What comes from a page is a text.
    if (own === undefined || typeof own === 'object' || String(own) !== String(value)) return false;
  }
  return true;
}
