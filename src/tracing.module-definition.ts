import { ConfigurableModuleBuilder } from '@nestjs/common';
import { RAW_TRACING_OPTIONS } from './options/options.token.js';
import type { TracingModuleOptions } from './options/tracing-options.js';

const definition = new ConfigurableModuleBuilder<TracingModuleOptions>({
  optionsInjectionToken: RAW_TRACING_OPTIONS,
})
  .setClassMethodName('forRoot')
  // What a class that is given as `useClass` is asked for.
  .setFactoryMethodName('createTracingOptions')
  .setExtras({}, (module) => ({ ...module, global: true }))
  .build();

/** `forRoot` and `forRootAsync`, as NestJS builds them. */
export const { ConfigurableModuleClass } = definition;

/** What `TracingModule.forRootAsync` takes. */
export type TracingModuleAsyncOptions = typeof definition.ASYNC_OPTIONS_TYPE & {
  /** `false` leaves `handler_ms` out and saves Nest's interceptor machinery. Default: `true`. */
  interceptor?: boolean;
};
