import { checkKeys, checkMilliseconds, checkRecord, invalid } from './check-value.js';
import { TRACING } from './option-places.js';
import type { TracingModuleOptions } from './tracing-options.js';

/** Whether a method, named `Class.method`, matches. */
type MatchesMethod = (name: string) => boolean;

/**
 * Whether the calls of a method, named `Class.method`, are spans. A method of a package is only one
 * if `include` has it.
 */
export type AutoSpanFilter = (name: string, isOfPackage: boolean) => boolean;

/**
 * Resolves which methods are spans automatically. `undefined` where none is.
 *
 * @throws {TracingConfigError} for what is neither a name nor a pattern.
 */
export function autoSpans(spans: TracingModuleOptions['spans']): AutoSpanFilter | undefined {
  if (spans === undefined) return undefined;
  const { auto } = spans;
  if (auto === undefined || auto === false) return undefined;
  if (auto === true) return (_name, isOfPackage) => !isOfPackage;
  checkRecord('spans.auto', auto);
  checkKeys(TRACING['spans.auto'], auto);
  checkMilliseconds('spans.auto.minMs', auto.minMs);
  const isIncluded = matcherOf('spans.auto.include', auto.include);
  const isExcluded = matcherOf('spans.auto.exclude', auto.exclude) ?? (() => false);
  return (name, isOfPackage) =>
    (isIncluded === undefined ? !isOfPackage : isIncluded(name)) && !isExcluded(name);
}

function matcherOf(option: string, patterns: unknown): MatchesMethod | undefined {
  if (patterns === undefined) return undefined;
  if (!Array.isArray(patterns) || !patterns.every(isNameOrPattern)) {
    throw invalid(option, patterns, "a list, as in `['PaymentService', /Repository\\./]`");
  }
  return (name) => {
    const className = name.slice(0, name.indexOf('.'));
    // `AuthGuard` is each of `AuthGuard(jwt)` and `AuthGuard(local)`.
    const [maker] = className.split('(', 1);
    return patterns.some((pattern) =>
      typeof pattern === 'string'
        ? pattern === name || pattern === className || pattern === maker
        : name.search(pattern) !== -1,
    );
  };
}

function isNameOrPattern(value: unknown): value is string | RegExp {
  return (typeof value === 'string' && value !== '') || value instanceof RegExp;
}
