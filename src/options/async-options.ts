import type { Provider } from '@nestjs/common';
import { TracingConfigError } from '../records/tracing-config.error.js';
import { warnOnce } from '../records/warnings.js';
import { isRecord } from './check-import.js';
import { TRACING } from './option-places.js';
import { shownValue } from './shown-value.js';
import { RAW_TRACING_OPTIONS } from './options.token.js';
import type { TracingModuleOptions } from './tracing-options.js';

/** The part of what `forRootAsync` takes that matters here. */
interface AsyncOptions {
  readonly useFactory?: unknown;
  readonly interceptor?: boolean;
}

const SOURCES = ['useFactory', 'useClass', 'useExisting'] as const;
const OWNER = 'TracingModule.forRootAsync';
/** The method of a class that is given as `useClass` or `useExisting`. */
export const FACTORY_METHOD = 'createTracingOptions';

const fromFactories = new WeakSet<object>();

/** What was given these options, for error messages. */
export function ownerOf(options: object): string {
  return fromFactories.has(Object(options) as object) ? OWNER : 'TracingModule.forRoot';
}

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
      `the options are ${shownValue('options', options)}.`,
      fix,
      OWNER,
    );
  }
  const given = options as Partial<Record<(typeof SOURCES)[number], unknown>>;
  const sources = SOURCES.filter((name) => given[name] !== undefined);
  if (sources.length === 0) {
    throw new TracingConfigError(
      'INVALID_OPTIONS',
      'none of `useFactory`, `useClass` and `useExisting` is given.',
      fix,
      OWNER,
    );
  }
  const misplaced = Object.keys(options).find(
    (name) => name !== 'interceptor' && TRACING[''].names.includes(name),
  );
  if (misplaced !== undefined) {
    throw new TracingConfigError(
      'INVALID_OPTIONS',
      `\`${misplaced}\` is given beside the factory, where it has no effect.`,
      `return it from the factory: \`useFactory: (…) => ({ ${misplaced}: … })\`.`,
      OWNER,
    );
  }
  const wrong = SOURCES.slice(0, 2).find(
    (name) => given[name] !== undefined && typeof given[name] !== 'function',
  );
  if (wrong === undefined) return;
  throw new TracingConfigError(
    'INVALID_OPTIONS',
    `\`${wrong}\` is ${shownValue(wrong, given[wrong])}.`,
    `make it a ${wrong === 'useClass' ? 'class' : 'function'}.`,
    OWNER,
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
    `the class of \`useClass\` or \`useExisting\` has no method \`${FACTORY_METHOD}\`.`,
    `add one that returns the options, as in \`${FACTORY_METHOD}() { return { service: 'payments' }; }\`.`,
    OWNER,
  );
}

function checkOptions(options: unknown, isIntercepting: boolean | undefined): void {
  if (!isRecord(options)) {
    throw new TracingConfigError(
      'INVALID_OPTIONS',
      `the factory returned ${shownValue('options', options)}.`,
      'return an object of options from it; an empty one, `({})`, for the defaults.',
      OWNER,
    );
  }
  fromFactories.add(options);
  const { interceptor } = options as TracingModuleOptions;
  if (typeof interceptor !== 'boolean' || interceptor === (isIntercepting ?? true)) return;
  warnOnce(
    'TRACING_OPTION_TOO_LATE',
    `the factory of \`TracingModule.forRootAsync\` returned \`interceptor: ${interceptor}\`, but NestJS needs this option before the factory runs. Set it beside the factory: \`forRootAsync({ interceptor: ${interceptor}, useFactory })\``,
  );
}
