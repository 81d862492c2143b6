export { OtlpModule } from './otlp.module.js';
export type { KeptTraces, OtlpModuleOptions, OtlpProtocol } from './otlp-options.js';
export { OtlpHealthIndicator } from './otlp-health.indicator.js';
export type { OtlpHealth, OtlpHealthOptions } from '../records/export-health.js';
