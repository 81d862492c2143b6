import { TracingConfigError } from '../records/tracing-config.error.js';
import { checkKeys, checkRecord, checkString, invalid } from './check-value.js';
import { LEVEL_RULE } from './option-places.js';

/**
 * Whose log entries are written at a more verbose level: those of a session, a request, a trace, a
 * route (its template, as `route` of the access log line), a handler (`OrdersController.find`), or of
 * all requests that have these fields of `trace.set` or `enrich`: 1 to 8 of them, all of which have to
 * be equal. Texts have at most 1,024 characters.
 *
 * @publicApi
 *
 * @example
 * const target: LevelTarget = { field: { tenant: 'acme', beta: true } };
 */
export type LevelTarget =
  | { readonly sessionId: string }
  | { readonly requestId: string }
  | { readonly traceId: string }
  | { readonly route: string }
  | { readonly handler: string }
  | { readonly field: Readonly<Record<string, string | number | boolean>> };

/**
 * How long a rule is valid: until the first of both limits.
 *
 * @publicApi
 */
export interface LevelRuleOptions {
  /** Milliseconds until it ends: 3,600,000, an hour, at most, which is the default. */
  readonly forMs?: number | undefined;
  /** After how many additional entries it ends, 1,000,000 at most. Default: 10,000. */
  readonly entries?: number | undefined;
}

/**
 * A rule that is valid now.
 *
 * @publicApi
 */
export interface LevelRule {
  /** As `set` returned it, and `clear` takes it. */
  readonly id: string;
  readonly target: LevelTarget;
  /** As it was given to `set`. */
  readonly level: string;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
  /** How many additional entries it still writes. */
  readonly entries: number;
}

/** What sets, lists and ends the rules of an application. */
export interface LevelRuleControl {
  /** The names of the levels that a rule may have. */
  readonly levels: readonly string[];
  /** Sets the level of a target, and returns the id of the rule. */
  set(target: LevelTarget, level: string, options?: LevelRuleOptions): string;
  /** The rules that are valid now. */
  list(): readonly LevelRule[];
  /** Ends one rule, or all, and returns how many. */
  clear(id?: string): number;
}

/** The token of the {@link LevelRuleControl} of an application. */
export const LEVEL_RULES = Symbol.for('nestjs-tracing.v1.level-rules');

/** The kinds of targets. */
export type LevelTargetKind = 'sessionId' | 'requestId' | 'traceId' | 'route' | 'handler' | 'field';

const KINDS: readonly LevelTargetKind[] = [
  'sessionId',
  'requestId',
  'traceId',
  'route',
  'handler',
  'field',
];
const MAX_MS = 3_600_000;
const MAX_ENTRIES = 1_000_000;
const DEFAULT_ENTRIES = 10_000;
/** The longest route, and the longest value of a field. */
const MAX_TEXT = 1024;
const MAX_FIELDS = 8;

/**
 * A target and its kind, checked and copied.
 *
 * @throws {TracingConfigError} for anything else.
 */
export function checkedTarget(target: unknown): {
  readonly kind: LevelTargetKind;
  readonly target: LevelTarget;
} {
  checkRecord('target', target);
  const given = target as Readonly<Record<string, unknown>>;
  checkKeys(LEVEL_RULE.target, given);
  const [kind, more] = Object.keys(given) as LevelTargetKind[];
  if (kind === undefined || more !== undefined) {
    throw new TracingConfigError(
      'INVALID_TARGET',
      `\`target\` has ${kind === undefined ? 'no property' : `${Object.keys(given).length} properties`}, but needs exactly one.`,
      `give it one of ${KINDS.join(', ')}.`,
    );
  }
  const value = given[kind];
  if (kind === 'field') return { kind, target: Object.freeze({ field: checkedFields(value) }) };
  if (value === undefined) throw invalid(`target.${kind}`, value, 'a non-empty string');
  checkString(`target.${kind}`, value);
  checkLength(`target.${kind}`, String(value));
  return { kind, target: Object.freeze({ [kind]: value }) as LevelTarget };
}

function checkedFields(value: unknown): Readonly<Record<string, string | number | boolean>> {
  checkRecord('target.field', value);
  const entries = Object.entries(value as object) as [string, unknown][];
  if (entries.length === 0 || entries.length > MAX_FIELDS) {
    throw invalid('target.field', value, `an object with 1 to ${MAX_FIELDS} fields`);
  }
  for (const [name, one] of entries) {
    if (typeof one === 'string') checkLength(`target.field.${name.slice(0, 32)}`, one);
    else if (typeof one !== 'number' && typeof one !== 'boolean') {
      throw invalid('target.field', value, 'an object with strings, numbers and booleans');
    }
    checkLength('target.field', name);
  }
  return Object.freeze(Object.fromEntries(entries)) as Readonly<Record<string, string>>;
}

function checkLength(name: string, text: string): void {
  if (text.length > MAX_TEXT) throw invalid(name, text, `at most ${MAX_TEXT} characters long`);
}

/**
 * How long a rule is valid, with the defaults.
 *
 * @throws {TracingConfigError} for anything else.
 */
export function checkedDuration(options: unknown): {
  readonly forMs: number;
  readonly entries: number;
} {
  checkRecord('options', options);
  checkKeys(LEVEL_RULE.options, options as object);
  const { forMs = MAX_MS, entries = DEFAULT_ENTRIES } = options as LevelRuleOptions;
  if (typeof forMs !== 'number' || !(forMs > 0 && forMs <= MAX_MS)) {
    throw invalid('options.forMs', forMs, `a number of milliseconds up to ${MAX_MS}, an hour`);
  }
  if (!Number.isInteger(entries) || entries < 1 || entries > MAX_ENTRIES) {
    throw invalid('options.entries', entries, `a whole number from 1 to ${MAX_ENTRIES}`);
  }
  return { forMs, entries };
}
