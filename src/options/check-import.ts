import type { FactoryProvider, InjectionToken } from '@nestjs/common';
import { TracingConfigError } from '../records/tracing-config.error.js';
import { shownValue } from './shown-value.js';

/**
 * Throws unless what `forRoot` of a module was given is an object of options, or nothing.
 *
 * @throws {TracingConfigError} `INVALID_OPTION`
 */
export function checkForRoot(module: string, options: unknown): void {
  if (options === undefined || isRecord(options)) return;
  throw new TracingConfigError(
    'INVALID_OPTION',
    `the options are ${shownValue('options', options)}.`,
    `give it an object, or nothing, as in \`${module}.forRoot()\`.`,
    `${module}.forRoot`,
  );
}

/**
 * A provider of a module's options for an application that imports its class as it is. `forRoot`
 * provides them under the same token, which takes the place of this.
 */
export function optionsOfBareModule(token: InjectionToken, module: string): FactoryProvider {
  return {
    provide: token,
    useFactory: () => {
      throw new TracingConfigError(
        'WITHOUT_FOR_ROOT',
        `${module} is imported without \`forRoot\`.`,
        `write \`imports: [${module}.forRoot()]\` in the root module. Modules that only inject its providers do not import it.`,
      );
    },
  };
}

/**
 * What a module for the records of an application has of it.
 *
 * @throws {TracingConfigError} `TRACING_NOT_IMPORTED` in an application without `TracingModule`.
 */
export function requireTracing<T>(application: T | undefined, module: string): T {
  if (application !== undefined) return application;
  throw new TracingConfigError(
    'TRACING_NOT_IMPORTED',
    `${module} is imported, but TracingModule is not.`,
    `add \`TracingModule.forRoot()\` to the imports of the root module.`,
  );
}

/** Whether a value is an object that can hold options. */
export function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
