import type { ModulesContainer } from '@nestjs/core';
import type { Logger } from 'winston';
import { openLogger } from './logs/default-logger.js';
import { checkAccessLogLevel } from './options/check-options.js';
import { RAW_TRACING_OPTIONS } from './options/options.token.js';
import { resolveOptions, type ResolvedTracingOptions } from './options/resolve-options.js';
import { TracingConfigError } from './options/tracing-config.error.js';
import type { TracingModuleOptions } from './options/tracing-options.js';
import { sharedState } from './trace/shared-state.js';

/** What all imports of the module in one application share. */
export interface TracingApplication {
  readonly raw: TracingModuleOptions;
  readonly options: ResolvedTracingOptions;
  readonly logger: Logger;
}

const applications = sharedState(
  'applications',
  () => new WeakMap<ModulesContainer, TracingApplication>(),
);

/**
 * One application, however often the module is imported: a feature module or a library may import
 * it bare, and gets what the import with options made.
 *
 * @throws {TracingConfigError} for a wrong option, and for two imports that want different things.
 */
export function openApplication(
  modules: ModulesContainer,
  own: TracingModuleOptions,
): TracingApplication {
  const known = applications.get(modules);
  if (known !== undefined) {
    if (isEmpty(own) || isSame(own, known.raw)) return known;
    throw new TracingConfigError(
      'CONFLICTING_IMPORTS',
      'TracingModule is imported more than once, with different options.',
      'import it with its options in the root module, and bare or not at all elsewhere.',
    );
  }
  const raw = isEmpty(own) ? (optionsOfOtherImports(modules) ?? own) : own;
  const options = resolveOptions(raw);
  const logger = openLogger(options);
  checkAccessLogLevel(options.accessLog, logger.levels);
  const application = { raw, options, logger };
  applications.set(modules, application);
  return application;
}

function optionsOfOtherImports(modules: ModulesContainer): TracingModuleOptions | undefined {
  for (const { providers } of modules.values()) {
    const raw = providers.get(RAW_TRACING_OPTIONS)?.instance as TracingModuleOptions | undefined;
    if (raw !== undefined && raw !== null && !isEmpty(raw)) return raw;
  }
  return undefined;
}

function isEmpty(options: object): boolean {
  return Object.keys(options).length === 0;
}

function isSame(a: TracingModuleOptions, b: TracingModuleOptions): boolean {
  const keys = Object.keys(a) as (keyof TracingModuleOptions)[];
  return keys.length === Object.keys(b).length && keys.every((key) => Object.is(a[key], b[key]));
}
