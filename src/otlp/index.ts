export { OtlpModule } from './otlp.module.js';
export type { OtlpModuleOptions, OtlpProtocol } from './otlp-options.js';
