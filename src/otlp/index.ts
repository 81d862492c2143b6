export { OtlpModule } from './otlp.module.js';
export type { KeptTraces, OtlpModuleOptions, OtlpProtocol } from './otlp-options.js';
