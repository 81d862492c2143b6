import type { Provider } from '@nestjs/common';
import { TracingConfigError } from '../records/tracing-config.error.js';
import { warnOnce } from '../records/warnings.js';
import { isRecord } from './check-import.js';
import { describe } from './check-value.js';
import { RAW_TRACING_OPTIONS } from './options.token.js';
import type { TracingModuleOptions } from './tracing-options.js';

/** The part of what `forRootAsync` takes that matters here. */
interface AsyncOptions {
  readonly useFactory?: unknown;
  readonly interceptor?: boolean;
}

const SOURCES = ['useFactory', 'useClass', 'useExisting'] as const;
/** The method of a class that is given as `useClass` or `useExisting`. */
export const FACTORY_METHOD = 'createTracingOptions';

/**
 * Throws unless `forRootAsync` was given something to take the options from.
 *
 * @throws {TracingConfigError} `INVALID_OPTIONS`
 */
export function checkForRootAsync(options: unknown): void {
  const fix = 'write `TracingModule.forRootAsync({ inject: […], useFactory: (…) => ({ … }) })`.';
  if (!isRecord(options)) {
    throw new TracingConfigError(
      'INVALID_OPTIONS',
      `\`TracingModule.forRootAsync\` was given options that are ${describe(options)}.`,
      fix,
    );
  }
  const given = options as Partial<Record<(typeof SOURCES)[number], unknown>>;
  const sources = SOURCES.filter((name) => given[name] !== undefined);
  if (sources.length === 0) {
    throw new TracingConfigError(
      'INVALID_OPTIONS',
      '`TracingModule.forRootAsync` was given none of `useFactory`, `useClass` and `useExisting`.',
      fix,
    );
  }
  const wrong = SOURCES.slice(0, 2).find(
    (name) => given[name] !== undefined && typeof given[name] !== 'function',
  );
  if (wrong === undefined) return;
  throw new TracingConfigError(
    'INVALID_OPTIONS',
    `\`${wrong}\` of \`TracingModule.forRootAsync\` is ${describe(given[wrong])}.`,
    `make it a ${wrong === 'useClass' ? 'class' : 'function'}.`,
  );
}

/**
 * Lets the provider that NestJS made of a factory, class or existing provider check what it gets:
 * only there is it known where the options come from.
 *
 * @param options what `forRootAsync` was given.
 */
export function checkedProvider(
  provider: Provider,
  { useFactory: own, interceptor: isIntercepting }: AsyncOptions,
): Provider {
  if (!('provide' in provider && provider.provide === RAW_TRACING_OPTIONS)) return provider;
  if (!('useFactory' in provider)) return provider;
  const { useFactory } = provider;
  return {
    ...provider,
    useFactory: async (...args) => {
      // For a class it is called with an object of it.
      if (own === undefined) checkFactory(args[0]);
      const options: unknown = await useFactory(...args);
      checkOptions(options, isIntercepting);
      return options;
    },
  };
}

function checkFactory(factory: unknown): void {
  if (typeof (Object(factory) as Record<string, unknown>)[FACTORY_METHOD] === 'function') return;
  throw new TracingConfigError(
    'INVALID_OPTIONS',
    `What \`TracingModule.forRootAsync\` was given as a class has no method \`${FACTORY_METHOD}\`.`,
    `let it return the options, as in \`${FACTORY_METHOD}() { return { service: 'payments' }; }\`.`,
  );
}

function checkOptions(options: unknown, isIntercepting: boolean | undefined): void {
  if (!isRecord(options)) {
    throw new TracingConfigError(
      'INVALID_OPTIONS',
      `The factory of \`TracingModule.forRootAsync\` returned options that are ${describe(options)}.`,
      'return an object from it; an empty one, `({})`, for the defaults.',
    );
  }
  const { interceptor } = options as TracingModuleOptions;
  if (typeof interceptor !== 'boolean' || interceptor === (isIntercepting ?? true)) return;
  warnOnce(
    'TRACING_OPTION_TOO_LATE',
    `the factory of \`TracingModule.forRootAsync\` returned \`interceptor: ${interceptor}\`, but NestJS had to know before it ran; set it beside the factory: \`forRootAsync({ interceptor: ${interceptor}, useFactory })\``,
  );
}
