import { ConfigurableModuleBuilder } from '@nestjs/common';
import { FACTORY_METHOD } from './options/async-options.js';
import { RAW_TRACING_OPTIONS } from './options/options.token.js';
import type { TracingModuleOptions } from './options/tracing-options.js';

const definition = new ConfigurableModuleBuilder<TracingModuleOptions>({
  optionsInjectionToken: RAW_TRACING_OPTIONS,
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName(FACTORY_METHOD)
  .setExtras({}, (module) => ({ ...module, global: true }))
  .build();

/** `forRoot` and `forRootAsync`, as NestJS builds them. */
export const { ConfigurableModuleClass } = definition;

/** What `TracingModule.forRootAsync` takes. */
export type TracingModuleAsyncOptions = typeof definition.ASYNC_OPTIONS_TYPE & {
  /** `false` leaves `handler_ms` out and saves the cost of NestJS's interceptors. Default: `true`. */
  interceptor?: boolean;
};
