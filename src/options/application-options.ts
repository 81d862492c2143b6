import type { ModulesContainer } from '@nestjs/core';
import { sharedState } from '../records/shared-state.js';
import { isRecord } from './check-import.js';
import { ownerOf } from './async-options.js';
import { ownedBy } from './check-value.js';
import { RAW_TRACING_OPTIONS, REQUIRES_W3C_IDS } from './options.token.js';
import { resolveOptions, type ResolvedTracingOptions } from './resolve-options.js';
import { TracingConfigError } from '../records/tracing-config.error.js';
import type { TracingModuleOptions } from './tracing-options.js';

interface ApplicationOptions {
  readonly raw: TracingModuleOptions;
  readonly resolved: ResolvedTracingOptions;
}

const applications = sharedState(
  'applications',
  () => new WeakMap<ModulesContainer, ApplicationOptions>(),
);

/**
 * The options of an application, however often the module is imported in it: a feature module or a
 * library may import it without options, and gets those of the import that has some.
 *
 * @throws {TracingConfigError} for a wrong option, and for two imports with different options.
 */
export function optionsOf(
  modules: ModulesContainer,
  own: TracingModuleOptions,
): ResolvedTracingOptions {
  const known = applications.get(modules);
  if (known !== undefined) {
    if (isEmpty(own) || isSame(own, known.raw)) return known.resolved;
    throw new TracingConfigError(
      'CONFLICTING_IMPORTS',
      `TracingModule is imported more than once, with different options: ${namesOf(known.raw)} and ${namesOf(own)}.`,
      'import it with its options in the root module, and without options or not at all elsewhere.',
    );
  }
  const raw = isEmpty(own) ? (optionsOfOtherImports(modules) ?? own) : own;
  const resolved = ownedBy(ownerOf(raw), () =>
    resolveOptions(requiresW3cIds(modules) ? withW3cIds(raw) : raw),
  );
  applications.set(modules, { raw, resolved });
  return resolved;
}

function optionsOfOtherImports(modules: ModulesContainer): TracingModuleOptions | undefined {
  for (const { providers } of modules.values()) {
    const raw = providers.get(RAW_TRACING_OPTIONS)?.instance as TracingModuleOptions | undefined;
    if (raw !== undefined && raw !== null && !isEmpty(raw)) return raw;
  }
  return undefined;
}

function requiresW3cIds(modules: ModulesContainer): boolean {
  return [...modules.values()].some(({ metatype }) => REQUIRES_W3C_IDS in metatype);
}

function withW3cIds(raw: TracingModuleOptions): TracingModuleOptions {
  const { traceId } = raw;
  if (traceId === undefined) return { ...raw, traceId: 'w3c' };
  // Anything but an object is a mistake, which is reported where options are checked.
  return isRecord(traceId) ? { ...raw, traceId: { ...traceId, format: 'w3c' } } : raw;
}

function namesOf(options: TracingModuleOptions): string {
  return `{ ${Object.keys(options).slice(0, 5).join(', ')} }`;
}

function isEmpty(options: object): boolean {
  // `null` is a mistake, which is reported where options are checked.
  return options !== null && Object.keys(options).length === 0;
}

function isSame(a: TracingModuleOptions, b: TracingModuleOptions): boolean {
  const keys = Object.keys(a) as (keyof TracingModuleOptions)[];
  return keys.length === Object.keys(b).length && keys.every((key) => Object.is(a[key], b[key]));
}
